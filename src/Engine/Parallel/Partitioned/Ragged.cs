using System.Runtime.CompilerServices;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>Arrays of different lengths between all ranks, and from all ranks to rank 0.</summary>
internal static unsafe class Ragged
{
    private const int GatherTag = 32_000;

    /// <summary>Collective: each rank gives each an array.</summary>
    /// <param name="give">One for each rank.</param>
    /// <param name="lengthFrom">How long the array is that a rank gives this one.</param>
    public static T[][] Exchange<T>(ICommunicator communicator, T[][] give, Func<int, int> lengthFrom)
        where T : unmanaged
    {
        var send = give.SelectMany(items => items).ToArray();
        var sendBytes = give.Select(items => items.LongLength * sizeof(T)).ToArray();
        var lengths = Enumerable.Range(0, communicator.Size).Select(rank => rank == communicator.Rank ? give[rank].Length : lengthFrom(rank)).ToArray();
        var receive = new T[lengths.Sum()];
        fixed (T* from = send, into = receive)
        {
            communicator.AllToAll(from, sendBytes, into, lengths.Select(length => (long)length * sizeof(T)).ToArray());
        }

        var parts = new T[communicator.Size][];
        for (int rank = 0, start = 0; rank < parts.Length; start += lengths[rank++])
        {
            parts[rank] = receive[start..(start + lengths[rank])];
        }

        return parts;
    }

    /// <summary>Collective: rank 0 gets everyone's bytes, rank after rank, each part in the same memory.</summary>
    /// <param name="own">This rank's.</param>
    /// <param name="bytesOf">How many a rank gives; asked on rank 0.</param>
    /// <param name="take">Is given a rank and its part; called on rank 0.</param>
    public static void Gather(ICommunicator communicator, void* own, long bytes, Func<int, long> bytesOf, PartTaker take)
    {
        if (communicator.Rank > 0)
        {
            var send = communicator.BeginSend(own, bytes, 0, GatherTag);
            communicator.Wait(ref send);
            return;
        }

        take(0, own);
        if (communicator.Size == 1)
        {
            return;
        }

        using var room = new Kernels.DeviceBuffer<byte>(Enumerable.Range(1, communicator.Size - 1).Max(bytesOf));
        for (var rank = 1; rank < communicator.Size; rank++)
        {
            var receive = communicator.BeginReceive(room.Pointer, bytesOf(rank), rank, GatherTag);
            communicator.Wait(ref receive);
            take(rank, room.Pointer);
        }
    }

    /// <summary>Collective: rank 0 gets one item for each neuron of a layer, in their order; the others null.</summary>
    /// <param name="own">One for each own neuron.</param>
    public static T[]? GatherRows<T>(ICommunicator communicator, Ownership neurons, T[] own)
        where T : unmanaged
    {
        var all = communicator.Rank == 0 ? new T[neurons.Width] : null;
        fixed (T* pointer = own)
        {
            Gather(communicator, pointer, own.LongLength * sizeof(T), rank => (long)neurons.Counts[rank] * sizeof(T), (rank, part) =>
            {
                var next = (T*)part;
                foreach (var neuron in neurons.Of(rank))
                {
                    all![neuron] = *next++;
                }
            });
        }

        return all;
    }
}

internal unsafe delegate void PartTaker(int rank, void* part);
