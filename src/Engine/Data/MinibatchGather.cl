// MinibatchGather.cs on a device: a tile of TILE samples × TILE features is read along the features, as the rows lie in memory, and written
// along the samples. ELEMENT is uchar or float.
//
//   local size   (TILE, TILE)        global size  (batch, features), rounded up to whole groups

#define TILE 16

kernel void gather(
    const int features, const int batch, const int samples, global const ELEMENT *raw, global const int *rows, global const float *shift,
    global const float *scale, global float *x)
{
    local float tile[TILE][TILE + 1]; // one more: a column must not fall into one bank
    const int first_sample = (int)get_group_id(0) * TILE;
    const int first_feature = (int)get_group_id(1) * TILE;
    const int a = (int)get_local_id(0);
    const int b = (int)get_local_id(1);
    const int read_sample = first_sample + b;
    const int read_feature = first_feature + a;
    float value = 0;
    if (read_sample < samples && read_feature < features)
    {
        const float taken = (float)raw[((long)rows[read_sample] * features) + read_feature];
        value = (taken - shift[read_feature]) * scale[read_feature];
    }

    tile[b][a] = value;
    barrier(CLK_LOCAL_MEM_FENCE);
    const int sample = first_sample + a;
    const int feature = first_feature + b;
    if (sample < batch && feature < features)
    {
        x[((long)feature * batch) + sample] = tile[a][b];
    }
}
