using System.Runtime.CompilerServices;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// Dropout of some neurons of a layer, k = keep/(1 − rate) by the neurons' indices in the whole layer:  Y ← Y⊙k,  slopes ← slopes⊙k
//
//   Y, slopes  neurons.Length × batchSize, row r holds neuron neurons[r]
//
// SparseForward does the same while its rows are all of a layer's.
public abstract partial class Backend
{
    /// <summary>Multiplies each neuron's outputs and slopes by what the mask has for them.</summary>
    /// <param name="neurons">Whose row r is: its index in the layer, from 0.</param>
    /// <param name="y">[neurons.Length, batchSize], changed.</param>
    /// <param name="slopes">[neurons.Length, batchSize], changed.</param>
    /// <exception cref="ArgumentException">A buffer is too short, or both are the same.</exception>
    public unsafe void DropoutRows(
        DeviceBuffer<int> neurons, DeviceBuffer<float> y, DeviceBuffer<float> slopes, int batchSize, in Dropout dropout)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        RequireLength(y.Length, neurons.Length, batchSize, nameof(y));
        RequireLength(slopes.Length, neurons.Length, batchSize, nameof(slopes));
        RequireDistinct(slopes, y, nameof(slopes), nameof(y));
        if (!(dropout.Rate is >= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(dropout), dropout.Rate, "Dropout rate; allowed: 0 to below 1");
        }

        if (dropout.Rate > 0)
        {
            DropoutRowsCore(neurons, y, slopes, batchSize, dropout);
        }

        KeepAlive(null, y, slopes);
        GC.KeepAlive(neurons);
    }

    protected abstract void DropoutRowsCore(
        DeviceBuffer<int> neurons, DeviceBuffer<float> y, DeviceBuffer<float> slopes, int batchSize, in Dropout dropout);
}

public sealed unsafe partial class ReferenceBackend
{
    protected override void DropoutRowsCore(
        DeviceBuffer<int> neurons, DeviceBuffer<float> y, DeviceBuffer<float> slopes, int batchSize, in Dropout dropout)
    {
        for (var row = 0L; row < neurons.Length; row++)
        {
            for (var sample = 0; sample < batchSize; sample++)
            {
                var keep = dropout.Keeps(((long)neurons[row] * batchSize) + sample) ? dropout.Scale : 0;
                y.Pointer[(row * batchSize) + sample] *= keep;
                slopes.Pointer[(row * batchSize) + sample] *= keep;
            }
        }
    }
}

public sealed unsafe partial class SimdBackend
{
    protected override void DropoutRowsCore(
        DeviceBuffer<int> neurons, DeviceBuffer<float> y, DeviceBuffer<float> slopes, int batchSize, in Dropout dropout)
    {
        var call = new DropoutRowsCall
        {
            Backend = this,
            Neurons = neurons.Pointer,
            Rows = (int)neurons.Length,
            Y = y.Pointer,
            Slopes = slopes.Pointer,
            BatchSize = batchSize,
            Mask = new DropoutMask(dropout),
        };
        Dispatch(batchSize, ref call);
    }

    private struct DropoutRowsCall : ILanesUser
    {
        public SimdBackend Backend;
        public int* Neurons;
        public int Rows;
        public float* Y;
        public float* Slopes;
        public int BatchSize;
        public DropoutMask Mask;

        public readonly void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>
        {
            var work = new DropoutRowsOf<TLanes>(Neurons, Rows, Y, Slopes, BatchSize, Mask);
            Backend.team.Run(ref work, work.Blocks);
        }
    }

    private readonly struct DropoutRowsOf<TLanes>(int* neurons, int rows, float* y, float* slopes, int batchSize, DropoutMask mask) : IBlockWork
        where TLanes : unmanaged, ILanes<TLanes>
    {
        private const int BlockRows = 256;

        public int Blocks => (rows + BlockRows - 1) / BlockRows;

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute(int block)
        {
            var rule = mask;
            var end = Math.Min(rows, (block + 1) * BlockRows);
            for (var row = block * BlockRows; row < end; row++)
            {
                var (at, neuron) = ((long)row * batchSize, (long)neurons[row] * batchSize);
                var sample = 0;
                for (; sample <= batchSize - TLanes.Count; sample += TLanes.Count)
                {
                    Scale(rule.Factors<TLanes>(neuron + sample), at + sample);
                }

                for (; sample < batchSize; sample++)
                {
                    Scale(rule.Factors<Lanes1>(neuron + sample), at + sample);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Scale<T>(T factors, long at)
            where T : unmanaged, ILanes<T>
        {
            T.Store(T.Load(y + at) * factors, y + at);
            T.Store(T.Load(slopes + at) * factors, slopes + at);
        }
    }
}
