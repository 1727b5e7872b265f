using System.Diagnostics;
using System.Runtime.InteropServices;
using SparseService.Engine;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.DeviceCheck;

/// <summary>Updates of the topology on the device against those of the host: connections, values, state and index must be the same to the
/// last bit.</summary>
public static class EvolutionCheck
{
    private const int Updates = 3;
    private const double DropFraction = 0.3;

    private static readonly (int Rows, int Columns, int FanIn)[] Layers =
        [(1000, 784, 40), (10, 1000, 300), (4096, 4096, 41), (65536, 65536, 64)];

    /// <param name="widest">Only layers of up to so many neurons.</param>
    public static int Run(TextWriter output, string backend, int widest = int.MaxValue)
    {
        using var device = Backend.Create(backend);
        var failed = 0;
        foreach (var (rows, columns, fanIn) in Layers.Where(layer => layer.Columns <= widest))
        {
            using var onHost = Layer(rows, columns, fanIn);
            using var onDevice = Layer(rows, columns, fanIn);
            using var hostIndex = TransposeIndex.Of(onHost.Weights);
            using var deviceIndex = TransposeIndex.Of(onDevice.Weights);
            Update(device.Topology, onDevice, deviceIndex, update: 0); // compiles and sends
            Update(TopologyWork.OnHost, onHost, hostIndex, update: 0);
            var (hostSeconds, deviceSeconds) = (0.0, 0.0);
            for (var update = 1; update <= Updates; update++)
            {
                hostSeconds += Update(TopologyWork.OnHost, onHost, hostIndex, update);
                deviceSeconds += Update(device.Topology, onDevice, deviceIndex, update);
            }

            var isSame = Arrays(onHost, hostIndex).Zip(Arrays(onDevice, deviceIndex))
                .All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
            failed += isSame ? 0 : 1;
            output.WriteLine(
                $"evolution {columns} to {rows}, {onHost.Weights.Nnz} connections: {(isSame ? "as on the host" : "NOT as on the host")},"
                + $" {1e3 * deviceSeconds / Updates:0.0} ms an update (host {1e3 * hostSeconds / Updates:0.0} ms)");
        }

        return failed == 0 ? 0 : 1;
    }

    /// <returns>Seconds, until the device has ended it.</returns>
    private static double Update(TopologyWork work, Connections layer, TransposeIndex index, int update)
    {
        var started = Stopwatch.GetTimestamp();
        var (rows, columns) = (layer.Weights.Rows, layer.Weights.Columns);
        var stream = RandomStream.For(1, RandomPurpose.Evolution, update);
        var initializer = WeightInitializer.For(WeightDistribution.HeUniform, columns, rows, layer.Weights.Nnz);
        work.Evolve(layer, DropFraction, initializer, OpenNeurons.All(rows, columns), new ExplorationSketch(), ref stream, own: null);
        work.Rebuild(index);
        work.IncomingStrength(layer.Weights, new float[rows]); // read back, so all before it is done
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static Connections Layer(int rows, int columns, int fanIn)
    {
        var weights = RandomLayer.Of(rows, columns, fanIn, seed: 7);
        return new Connections(weights, [RandomLayer.Buffer((int)weights.Nnz, seed: 8)]);
    }

    private static IEnumerable<byte[]> Arrays(Connections layer, TransposeIndex index) =>
    [
        Bytes(layer.Weights.RowOffsets), Bytes(layer.Weights.ColumnIndices), Bytes(layer.Weights.Values), Bytes(layer.State[0]),
        Bytes(index.ColumnOffsets), Bytes(index.RowIndices), Bytes(index.Positions),
    ];

    private static byte[] Bytes<T>(DeviceBuffer<T> buffer)
        where T : unmanaged => MemoryMarshal.AsBytes(buffer.Span).ToArray();
}
