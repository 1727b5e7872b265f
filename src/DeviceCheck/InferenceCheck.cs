using System.Diagnostics;
using System.Globalization;
using SparseService.Engine;
using SparseService.Engine.Gpu;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;

namespace SparseService.DeviceCheck;

/// <summary>A network of the Graph Challenge on random inputs: the survivors of some of them are held against sums in double.</summary>
public static class InferenceCheck
{
    private const int Inputs = 60_000;
    private const int Judged = 50;
    private const float Cap = 32;

    /// <summary>Of the challenge, by the size of the network.</summary>
    private static readonly Dictionary<int, float> Biases = new()
    {
        [1024] = -0.3f, [4096] = -0.35f, [16384] = -0.4f, [65536] = -0.45f,
    };

    public static int Run(TextWriter output, string driver, string neurons, string layers)
    {
        var (width, depth) = (int.Parse(neurons, CultureInfo.InvariantCulture), int.Parse(layers, CultureInfo.InvariantCulture));
        var weights = RadixNet.Layers(width, depth);
        var biases = Enumerable.Repeat(0f, width).Select(_ => Biases[width]).ToArray();
        var (bits, words) = (Draw(width), width / 64);
        using var inference = new DeviceInference(GpuDevice.Choose(driver), weights, [.. weights.Select(_ => biases)], Cap);
        var survivors = inference.Run(bits, words); // first use: compiles
        var watch = Stopwatch.StartNew();
        var again = inference.Run(bits, words);
        watch.Stop();

        var judged = Enumerable.Range(0, Judged).Select(row => row * (Inputs / Judged)).ToArray();
        var expected = judged.AsParallel().AsOrdered()
            .Where(row => Survives(weights, biases[0], bits.AsSpan(row * words, words))).ToArray();
        var isRight = expected.SequenceEqual(judged.Intersect(survivors)) && survivors.AsSpan().SequenceEqual(again);
        var edges = weights.Sum(layer => layer.Nnz);
        var executed = weights.Zip(inference.Active, (layer, active) => (double)layer.Nnz * active).Sum();
        output.WriteLine(
            $"inference {width} × {depth}: {(isRight ? "right" : "WRONG")} ({expected.Length} of {Judged} judged inputs survive),"
            + $" {survivors.Length} survivors, {watch.Elapsed.TotalSeconds:0.000} s,"
            + $" {Inputs * (double)edges / watch.Elapsed.TotalSeconds:E2} challenge edges/s,"
            + $" {executed / watch.Elapsed.TotalSeconds:E2} executed edges/s; inputs are random, not the challenge's");
        Array.ForEach(weights, layer => layer.Dispose());
        return isRight ? 0 : 1;
    }

    // The later an input, the fuller it is: half of them die, sooner or later.
    private static ulong[] Draw(int width)
    {
        var random = RandomStream.For(5, RandomPurpose.GeneratedData);
        var bits = new ulong[(long)Inputs * (width / 64)];
        for (var word = 0L; word < bits.Length; word++)
        {
            var share = 0.5 * word / bits.Length;
            for (var bit = 0; bit < 64; bit++)
            {
                bits[word] |= random.NextDouble() < share ? 1UL << bit : 0;
            }
        }

        return bits;
    }

    private static bool Survives(CsrMatrix[] weights, float bias, ReadOnlySpan<ulong> bits)
    {
        var x = new double[weights[0].Columns];
        for (var f = 0; f < x.Length; f++)
        {
            x[f] = (bits[f / 64] >> (f % 64)) & 1;
        }

        foreach (var w in weights)
        {
            var y = new double[w.Rows];
            for (var row = 0; row < w.Rows; row++)
            {
                double sum = bias;
                for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1L]; k++)
                {
                    sum += (double)w.Values[k] * x[w.ColumnIndices[k]];
                }

                y[row] = Math.Min(Cap, Math.Max(0, sum));
            }

            x = y;
        }

        return x.Any(value => value > 0);
    }
}
