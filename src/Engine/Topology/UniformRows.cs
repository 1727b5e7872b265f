using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>Networks of equal layers whose neurons have equally many inputs each, drawn without any structure.</summary>
public static class UniformRows
{
    /// <param name="fanIn">Inputs of every neuron, at most <paramref name="neurons"/>.</param>
    /// <returns>Layers whose values are all 0; a function of the arguments.</returns>
    public static CsrMatrix[] Layers(int neurons, int fanIn, int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fanIn, neurons);
        return [.. Enumerable.Range(0, count).Select(layer => Layer(neurons, fanIn, RandomStream.For(seed, RandomPurpose.Topology, 0, layer)))];
    }

    private static CsrMatrix Layer(int neurons, int fanIn, RandomStream stream)
    {
        var (offsets, columns) = (new DeviceBuffer<long>(neurons + 1L), new DeviceBuffer<int>((long)neurons * fanIn));
        var k = 0L;
        for (var row = 0; row < neurons; row++)
        {
            offsets[row] = k;
            var inputs = RandomCells.Distinct(neurons, fanIn, ref stream);
            while (inputs.Next(out var input))
            {
                columns[k++] = (int)input;
            }
        }

        offsets[neurons] = k;
        var values = new DeviceBuffer<float>(k);
        values.Clear();
        return new CsrMatrix(neurons, neurons, offsets, columns, values);
    }
}
