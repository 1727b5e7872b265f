using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;

namespace SparseService.Cli.Bench.Kernels;

/// <summary>What the processor can do at most, on the same number of threads as the kernels; measured, not looked up.</summary>
/// <param name="FmaGflops">Multiply-adds on registers alone.</param>
/// <param name="L1GigabytesPerSecond">Reading an array that fits the first-level cache.</param>
/// <param name="L2GigabytesPerSecond">Reading an array that fits the second-level cache and not the first.</param>
/// <param name="MemoryGigabytesPerSecond">Reading an array that fits no cache.</param>
internal sealed record MachineLimits(
    double FmaGflops, double L1GigabytesPerSecond, double L2GigabytesPerSecond, double MemoryGigabytesPerSecond)
{
    private const int Chains = 12;
    private const int FmaTurns = 100_000;
    private const int L1Floats = (16 << 10) / sizeof(float);
    private const int L2Floats = (384 << 10) / sizeof(float);
    private const int MemoryFloats = (256 << 20) / sizeof(float);

    private static volatile float sink;

    public static MachineLimits Measure(int threads, int rounds)
    {
        // Where 512 bits are two registers, half the chains: twelve of them would not fit.
        // Of processors that have 512-bit registers and rather not use them, the flag says no and the code uses them all the same.
        var (chains, fma) = Vector512.IsHardwareAccelerated || Avx512F.IsSupported
            ? (Chains, Fastest(threads, rounds, 0, _ => Fma12()))
            : (Chains / 2, Fastest(threads, rounds, 0, _ => Fma6()));
        return new MachineLimits(
            2e-9 * threads * chains * FmaTurns * Vector512<float>.Count / fma,
            Bandwidth(threads, rounds, L1Floats),
            Bandwidth(threads, rounds, L2Floats),
            Bandwidth(threads, rounds, MemoryFloats / threads));
    }

    /// <summary>Reading an array of so many numbers, in GB/s, on all threads together.</summary>
    public static double Bandwidth(int threads, int rounds, int floats) =>
        1e-9 * threads * floats * sizeof(float) / Fastest(threads, rounds, floats, Read);

    /// <summary>Seconds of one turn on all threads at once: the limit is the fastest, whatever else the machine was doing.</summary>
    private static double Fastest(int threads, int rounds, int floats, Func<DeviceBuffer<float>, float> work)
    {
        var seconds = new double[threads];
        using var start = new Barrier(threads);
        var workers = Enumerable.Range(0, threads).Select(index => new Thread(() =>
        {
            // Aligned: a load that straddles two cache lines counts as two.
            using var data = new DeviceBuffer<float>(floats);
            data.Span.Fill(1);
            start.SignalAndWait();
            seconds[index] = Rounds.Time(rounds, () => sink = work(data)).Fastest;
        })).ToArray();
        foreach (var worker in workers)
        {
            worker.Start();
        }

        foreach (var worker in workers)
        {
            worker.Join();
        }

        return seconds.Max();
    }

    // Twelve independent chains: more than latency times units of today's processors, fewer than their registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Fma12() => FmaTurnsOf(extraChains: true);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Fma6() => FmaTurnsOf(extraChains: false);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float FmaTurnsOf(bool extraChains)
    {
        var (x, y) = (Vector512.Create(0.999f), Vector512.Create(0.001f));
        var (a, b, c, d, e, f) = (y, y, y, y, y, y);
        var (g, h, i, j, k, l) = (y, y, y, y, y, y);
        for (var turn = 0; turn < FmaTurns; turn++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            if (extraChains)
            {
                g = Vector512.FusedMultiplyAdd(g, x, y);
                h = Vector512.FusedMultiplyAdd(h, x, y);
                i = Vector512.FusedMultiplyAdd(i, x, y);
                j = Vector512.FusedMultiplyAdd(j, x, y);
                k = Vector512.FusedMultiplyAdd(k, x, y);
                l = Vector512.FusedMultiplyAdd(l, x, y);
            }
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    // Eight sums of 512 bits would be all sixteen registers of 256, and a load needs one (measured, Zen 3: 69 → 170 GB/s).
    private static float Read(DeviceBuffer<float> data) =>
        Vector512.IsHardwareAccelerated || Avx512F.IsSupported ? Read<Lanes16>(data) : Read<Lanes8>(data);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe float Read<TLanes>(DeviceBuffer<float> data)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        var first = data.Pointer;
        var zero = TLanes.Broadcast(0);
        var (a, b, c, d) = (zero, zero, zero, zero);
        var (e, f, g, h) = (zero, zero, zero, zero);
        for (var at = 0L; at + (8 * TLanes.Count) <= data.Length; at += 8 * TLanes.Count)
        {
            a += TLanes.Load(first + at);
            b += TLanes.Load(first + at + TLanes.Count);
            c += TLanes.Load(first + at + (2 * TLanes.Count));
            d += TLanes.Load(first + at + (3 * TLanes.Count));
            e += TLanes.Load(first + at + (4 * TLanes.Count));
            f += TLanes.Load(first + at + (5 * TLanes.Count));
            g += TLanes.Load(first + at + (6 * TLanes.Count));
            h += TLanes.Load(first + at + (7 * TLanes.Count));
        }

        GC.KeepAlive(data);
        return TLanes.Sum(a + b + c + d + e + f + g + h);
    }
}
