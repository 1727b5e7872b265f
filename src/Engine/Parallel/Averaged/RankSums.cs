using System.Numerics.Tensors;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>Sums over all ranks, always in the order of the ranks: the same bits by messages as in shared memory, whatever the length.</summary>
internal static unsafe class RankSums
{
    /// <summary>Collective: <paramref name="values"/> become the sum over all ranks, on every rank. Each rank adds up a part and gives it to all.</summary>
    /// <param name="parts">Where the part of a rank begins; one more than ranks.</param>
    /// <param name="room">For all ranks' numbers of this rank's part.</param>
    public static void Reduce(ICommunicator ranks, float* values, ReadOnlySpan<long> parts, DeviceBuffer<float> room)
    {
        var (from, count) = (parts[ranks.Rank], parts[ranks.Rank + 1] - parts[ranks.Rank]);
        var (sends, receives) = (new Transfer[ranks.Size], new Transfer[ranks.Size]);
        for (var rank = 0; rank < ranks.Size; rank++)
        {
            receives[rank] = rank == ranks.Rank ? default : ranks.BeginReceive(room.Pointer + (rank * count), count * sizeof(float), rank, Tags.Part);
        }

        for (var rank = 0; rank < ranks.Size; rank++)
        {
            var bytes = (parts[rank + 1] - parts[rank]) * sizeof(float);
            sends[rank] = rank == ranks.Rank ? default : ranks.BeginSend(values + parts[rank], bytes, rank, Tags.Part);
        }

        WaitAll(ranks, receives);
        Training.ParameterLayout.Copy(values + from, room.Pointer + (ranks.Rank * count), count);
        Training.ParameterLayout.Copy(room.Pointer, values + from, count);
        for (var rank = 1; rank < ranks.Size; rank++)
        {
            Add(values + from, room.Pointer + (rank * count), count);
        }

        WaitAll(ranks, sends);
        for (var rank = 0; rank < ranks.Size; rank++)
        {
            var bytes = (parts[rank + 1] - parts[rank]) * sizeof(float);
            receives[rank] = rank == ranks.Rank ? default : ranks.BeginReceive(values + parts[rank], bytes, rank, Tags.Sum);
        }

        for (var rank = 0; rank < ranks.Size; rank++)
        {
            sends[rank] = rank == ranks.Rank ? default : ranks.BeginSend(values + from, count * sizeof(float), rank, Tags.Sum);
        }

        WaitAll(ranks, receives);
        WaitAll(ranks, sends);
    }

    /// <summary>into ← into + values.</summary>
    public static void Add(float* into, float* values, long count)
    {
        const int Stretch = 1 << 20;
        for (var first = 0L; first < count; first += Stretch)
        {
            var length = (int)Math.Min(Stretch, count - first);
            var sum = new Span<float>(into + first, length);
            TensorPrimitives.Add(sum, new ReadOnlySpan<float>(values + first, length), sum);
        }
    }

    private static void WaitAll(ICommunicator ranks, Transfer[] transfers)
    {
        foreach (ref var transfer in transfers.AsSpan())
        {
            ranks.Wait(ref transfer);
        }
    }
}
