// TransposeIndex.cs on a device: a counting sort by column. The rows are dealt out to tiles, a group each, that count the connections of each column:
//
//   counts  [column, tile]; the sums before each are where the column's connections of that tile begin
//
// A group goes through its rows one after the other, and the columns of a row differ: its items never meet, and the order is that of the rows.

kernel void count_columns(
    const int rows, const int rows_of_tile, global const long *offsets, global const int *connections, const int tiles, global int *counts)
{
    const int tile = (int)get_group_id(0);
    const int end = min(rows, (tile + 1) * rows_of_tile);
    for (int row = tile * rows_of_tile; row < end; row++)
    {
        for (long k = offsets[row] + (long)get_local_id(0); k < offsets[row + 1]; k += (long)get_local_size(0))
        {
            counts[(long)connections[k] * tiles + tile]++;
        }

        barrier(CLK_GLOBAL_MEM_FENCE);
    }
}

// starts: the sums. row_indices may be missing.
kernel void place_columns(
    const int rows, const int rows_of_tile, global const long *offsets, global const int *connections, const int tiles, global int *starts,
    global int *row_indices, global int *positions)
{
    const int tile = (int)get_group_id(0);
    const int end = min(rows, (tile + 1) * rows_of_tile);
    for (int row = tile * rows_of_tile; row < end; row++)
    {
        for (long k = offsets[row] + (long)get_local_id(0); k < offsets[row + 1]; k += (long)get_local_size(0))
        {
            const int t = starts[(long)connections[k] * tiles + tile]++;
            positions[t] = (int)k;
            if (row_indices)
            {
                row_indices[t] = row;
            }
        }

        barrier(CLK_GLOBAL_MEM_FENCE);
    }
}

// Where each column begins: before place_columns. global size: columns + 1
kernel void column_offsets(const int columns, const int tiles, global const int *starts, global long *offsets)
{
    const int column = (int)get_global_id(0);
    if (column <= columns)
    {
        offsets[column] = starts[(long)column * tiles];
    }
}
