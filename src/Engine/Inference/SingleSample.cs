using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;

namespace SparseService.Engine.Inference;

// A minibatch of one sample leaves every SIMD lane but one empty, so one sample goes another way: layers from the side of their inputs
// (ColumnChunks), past those that are zero; layers that this does not suit, such as the last with its few outputs, row by row.
//
// A raw feature that is 0 is not 0 once it is normalised. So the first layer takes x·scale for (x − shift)·scale, and Σ_j W[·,j]·(−shift·scale)
// has moved into its biases; but not where |shift·scale| is so large that the difference would lose digits.

/// <summary>A loaded model for one sample at a time. Safe to use from several threads at once, each with scratch of its own.</summary>
internal sealed unsafe class SingleSample : IDisposable
{
    private const float LargestFold = 8;

    private readonly ModelLayer[] layers;
    private readonly ColumnChunks?[] chunks;
    private readonly float[] firstBias;
    private readonly float[] minusShift;
    private readonly float[] scale;
    private readonly int widest;

    public SingleSample(ModelLayer[] layers, float[] shift, float[] scale)
    {
        this.layers = layers;
        this.scale = scale;
        chunks = Array.ConvertAll(layers, layer => ColumnChunks.Suit(layer.Weights) ? new ColumnChunks(layer.Weights) : null);
        widest = layers.Max(layer => Math.Max(layer.Weights.Columns, layer.Weights.Rows)) + ColumnChunks.Width;
        minusShift = Array.ConvertAll(shift, value => -value);
        firstBias = layers[0].Bias;
        if (chunks[0] is not null)
        {
            firstBias = Fold(layers[0], minusShift, scale);
        }
    }

    public long Bytes => chunks.Sum(layer => layer?.Bytes ?? 0);

    public Scratch NewScratch() => new(widest, chunks.Max(layer => layer?.Count ?? 0));

    /// <param name="row">[feature], raw.</param>
    /// <param name="outputs">[output]: probabilities or values.</param>
    public void Predict(ReadOnlySpan<float> row, Span<float> outputs, Scratch scratch, Backend backend, LossKind loss)
    {
        var (x, y) = (scratch.First, scratch.Second);
        TensorPrimitives.AddMultiply(row, minusShift, scale, x.Slice(0, row.Length));
        for (var l = 0; l < layers.Length; l++, (x, y) = (y, x))
        {
            var (w, bias) = (layers[l].Weights, l == 0 ? firstBias : layers[l].Bias);
            bias.CopyTo(y.Slice(0, bias.Length));
            if (chunks[l] is { } columns)
            {
                y.Slice(w.Rows, ColumnChunks.Width).Clear();
                columns.AddTo(y.Pointer, x.Pointer, scratch.List);
            }
            else
            {
                AddRows(w, x, y);
            }

            var apply = new Apply { Values = y.Pointer, Count = w.Rows };
            layers[l].Activation.Dispatch(ref apply);
        }

        backend.Probabilities(loss, x, outputs.Length, batchSize: 1);
        x.Slice(0, outputs.Length).CopyTo(outputs);
    }

    public void Dispose()
    {
        foreach (var layer in chunks)
        {
            layer?.Dispose();
        }
    }

    // Sums in double: a bias takes part in every prediction.
    private static float[] Fold(ModelLayer layer, float[] minusShift, float[] scale)
    {
        var w = layer.Weights;
        var moved = minusShift.Zip(scale, (shift, factor) => shift * factor).ToArray();
        var biases = new float[w.Rows];
        for (var row = 0; row < w.Rows; row++)
        {
            var sum = (double)layer.Bias[row];
            for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1L]; k++)
            {
                var column = w.ColumnIndices[k];
                sum += MathF.Abs(moved[column]) <= LargestFold ? (double)w.Values[k] * moved[column] : 0;
            }

            biases[row] = (float)sum;
        }

        for (var feature = 0; feature < moved.Length; feature++)
        {
            minusShift[feature] = MathF.Abs(moved[feature]) <= LargestFold ? 0 : minusShift[feature];
        }

        return biases;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows(CsrMatrix w, DeviceBuffer<float> input, DeviceBuffer<float> output)
    {
        var offsets = w.RowOffsets.Pointer;
        var columns = w.ColumnIndices.Pointer;
        var values = w.Values.Pointer;
        var x = input.Pointer;
        var y = output.Pointer;
        for (var row = 0L; row < w.Rows; row++)
        {
            var (k, end) = (offsets[row], offsets[row + 1]);
            if (end > k && columns[end - 1] - columns[k] == end - k - 1)
            {
                // No gap between its inputs, as in a layer that is dense.
                var count = (int)(end - k);
                y[row] += TensorPrimitives.Dot(new ReadOnlySpan<float>(values + k, count), new ReadOnlySpan<float>(x + columns[k], count));
                continue;
            }

            // Four sums: one alone would wait for each addition.
            var (a, b, c, d) = (0f, 0f, 0f, 0f);
            for (; k + 4 <= end; k += 4)
            {
                a += values[k] * x[columns[k]];
                b += values[k + 1] * x[columns[k + 1]];
                c += values[k + 2] * x[columns[k + 2]];
                d += values[k + 3] * x[columns[k + 3]];
            }

            for (; k < end; k++)
            {
                a += values[k] * x[columns[k]];
            }

            y[row] += a + b + (c + d);
        }

        GC.KeepAlive(w);
        GC.KeepAlive(input);
        GC.KeepAlive(output);
    }

    private struct Apply : IActivationUser
    {
        public float* Values;
        public int Count;

        public readonly void Use<TActivation>(TActivation activation)
            where TActivation : unmanaged, IActivation
        {
            var at = 0;
            for (; Vector512.IsHardwareAccelerated && at <= Count - Lanes16.Count; at += Lanes16.Count)
            {
                Lanes16.Store(activation.Value(Lanes16.Load(Values + at)), Values + at);
            }

            for (; Vector256.IsHardwareAccelerated && at <= Count - Lanes8.Count; at += Lanes8.Count)
            {
                Lanes8.Store(activation.Value(Lanes8.Load(Values + at)), Values + at);
            }

            for (; at < Count; at++)
            {
                Lanes1.Store(activation.Value(Lanes1.Load(Values + at)), Values + at);
            }
        }
    }

    /// <summary>What one prediction writes on.</summary>
    internal sealed class Scratch(int widest, int mostChunks) : IDisposable
    {
        public DeviceBuffer<float> First { get; } = new(widest);

        public DeviceBuffer<float> Second { get; } = new(widest);

        public ChunkList List { get; } = new(mostChunks);

        public long Bytes => ((First.Length + Second.Length) * sizeof(float)) + List.Bytes;

        public void Dispose()
        {
            First.Dispose();
            Second.Dispose();
            List.Dispose();
        }
    }
}
