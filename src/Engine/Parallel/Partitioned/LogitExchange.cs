using SparseService.Engine.Kernels;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>Gives every rank all logits, so that each computes the loss itself, and along with them a word of rank 0's to all: whether to stop.</summary>
internal sealed unsafe class LogitExchange(ICommunicator communicator, Ownership outputs)
{
    private const int Tag = 32_001;

    private readonly Transfer[] sends = new Transfer[communicator.Size];
    private readonly Transfer[] receives = new Transfer[communicator.Size];

    /// <summary>Collective.</summary>
    /// <param name="own">[own output, batchSize], and room for one more number behind.</param>
    /// <param name="wire">[others' output, batchSize], and one number.</param>
    /// <param name="all">[output, batchSize], overwritten.</param>
    /// <param name="word">Rank 0's counts.</param>
    /// <returns>Rank 0's word.</returns>
    public bool Share(DeviceBuffer<float> own, DeviceBuffer<float> wire, DeviceBuffer<float> all, int batchSize, bool word)
    {
        if (communicator.Size > 1)
        {
            Begin(own, wire, batchSize, word);
        }

        Place(own.Pointer, communicator.Rank, all, batchSize);
        var from = wire.Pointer;
        for (var rank = 0; rank < communicator.Size; rank++)
        {
            if (rank != communicator.Rank)
            {
                communicator.Wait(ref receives[rank]);
                Place(from, rank, all, batchSize);
                from += Length(rank, batchSize);
                word = rank == 0 ? from[-1] != 0 : word;
            }
        }

        for (var rank = 0; rank < communicator.Size; rank++)
        {
            communicator.Wait(ref sends[rank]);
        }

        return word;
    }

    private void Begin(DeviceBuffer<float> own, DeviceBuffer<float> wire, int batchSize, bool word)
    {
        var into = wire.Pointer;
        for (var rank = 0; rank < communicator.Size; rank++)
        {
            if (rank != communicator.Rank && Length(rank, batchSize) > 0)
            {
                receives[rank] = communicator.BeginReceive(into, Length(rank, batchSize) * sizeof(float), rank, Tag);
                into += Length(rank, batchSize);
            }
        }

        var length = Length(communicator.Rank, batchSize);
        if (communicator.Rank == 0)
        {
            own.Pointer[length - 1] = word ? 1 : 0;
        }

        for (var distance = 1; distance < communicator.Size && length > 0; distance++)
        {
            var rank = (communicator.Rank + distance) % communicator.Size;
            sends[rank] = communicator.BeginSend(own.Pointer, length * sizeof(float), rank, Tag);
        }
    }

    private long Length(int rank, int batchSize) => ((long)outputs.Counts[rank] * batchSize) + (rank == 0 ? 1 : 0);

    private void Place(float* from, int rank, DeviceBuffer<float> all, int batchSize)
    {
        var rowBytes = (long)batchSize * sizeof(float);
        foreach (var neuron in outputs.Of(rank))
        {
            Buffer.MemoryCopy(from, all.Pointer + ((long)neuron * batchSize), rowBytes, rowBytes);
            from += batchSize;
        }
    }
}
