using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SparseService.Cli.Bench;

/// <summary>What the processor can do at most, on the same number of threads as the kernels; measured, not looked up.</summary>
/// <param name="FmaGflops">Multiply-adds on registers alone.</param>
/// <param name="L2GigabytesPerSecond">Reading an array that fits the second-level cache and not the first.</param>
/// <param name="MemoryGigabytesPerSecond">Reading an array that fits no cache.</param>
internal sealed record MachineLimits(double FmaGflops, double L2GigabytesPerSecond, double MemoryGigabytesPerSecond)
{
    private const int Accumulators = 12;
    private const int FmaTurns = 100_000;
    private const int L2Floats = (384 << 10) / sizeof(float);
    private const int MemoryFloats = (256 << 20) / sizeof(float);

    private static volatile float sink;

    private static int Lanes => Vector512.IsHardwareAccelerated ? Vector512<float>.Count : Vector256<float>.Count;

    public static MachineLimits Measure(int threads, int rounds)
    {
        var fma = Fastest(threads, rounds, 0, _ => Vector512.IsHardwareAccelerated ? Fma512() : Fma256());
        var l2 = Fastest(threads, rounds, L2Floats, Read);
        var memory = Fastest(threads, rounds, MemoryFloats / threads, Read);
        return new MachineLimits(
            2e-9 * threads * Accumulators * FmaTurns * Lanes / fma,
            1e-9 * threads * L2Floats * sizeof(float) / l2,
            1e-9 * MemoryFloats * sizeof(float) / memory);
    }

    /// <summary>Seconds of one turn on all threads at once: the limit is the fastest, whatever else the machine was doing.</summary>
    private static double Fastest(int threads, int rounds, int floats, Func<float[], float> work)
    {
        var seconds = new double[threads];
        using var start = new Barrier(threads);
        var workers = Enumerable.Range(0, threads).Select(index => new Thread(() =>
        {
            var data = new float[floats];
            Array.Fill(data, 1);
            start.SignalAndWait();
            seconds[index] = Rounds.Time("limit", rounds, () => sink = work(data)).Fastest;
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
    private static float Fma512()
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
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
            k = Vector512.FusedMultiplyAdd(k, x, y);
            l = Vector512.FusedMultiplyAdd(l, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Fma256()
    {
        var (x, y) = (Vector256.Create(0.999f), Vector256.Create(0.001f));
        var (a, b, c, d, e, f) = (y, y, y, y, y, y);
        var (g, h, i, j, k, l) = (y, y, y, y, y, y);
        for (var turn = 0; turn < FmaTurns; turn++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y);
            b = Vector256.FusedMultiplyAdd(b, x, y);
            c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y);
            f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y);
            h = Vector256.FusedMultiplyAdd(h, x, y);
            i = Vector256.FusedMultiplyAdd(i, x, y);
            j = Vector256.FusedMultiplyAdd(j, x, y);
            k = Vector256.FusedMultiplyAdd(k, x, y);
            l = Vector256.FusedMultiplyAdd(l, x, y);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Read(float[] data)
    {
        ref var first = ref MemoryMarshal.GetArrayDataReference(data);
        var (length, lanes) = ((nuint)data.Length, (nuint)Vector512<float>.Count);
        var (a, b, c, d) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        for (nuint at = 0; at + (4 * lanes) <= length; at += 4 * lanes)
        {
            a += Vector512.LoadUnsafe(ref first, at);
            b += Vector512.LoadUnsafe(ref first, at + lanes);
            c += Vector512.LoadUnsafe(ref first, at + (2 * lanes));
            d += Vector512.LoadUnsafe(ref first, at + (3 * lanes));
        }

        return Vector512.Sum(a + b + c + d);
    }
}
