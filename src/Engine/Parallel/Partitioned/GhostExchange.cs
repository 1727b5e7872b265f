using SparseService.Engine.Kernels;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>Sends and receives what a layer's plan says: one message to each rank concerned, layer and direction, none waited for before it is needed.</summary>
internal sealed unsafe class GhostExchange
{
    private readonly ICommunicator communicator;
    private readonly Transfer[][] receives;
    private readonly List<Transfer>[] sends;

    public GhostExchange(ICommunicator communicator, int layers)
    {
        this.communicator = communicator;
        receives = Enumerable.Range(0, layers).Select(_ => new Transfer[communicator.Size]).ToArray();
        sends = Enumerable.Range(0, layers).Select(_ => new List<Transfer>()).ToArray();
        Words = new long[layers];
        Messages = new long[layers];
    }

    /// <summary>Values sent for a sample and layer, both directions, since the start; a minibatch counts once.</summary>
    public long[] Words { get; }

    public long[] Messages { get; }

    /// <summary>Forward: begins to send own outputs to those who read them, and to receive ghosts.</summary>
    /// <param name="values">[own input, batchSize].</param>
    /// <param name="wire">Room for what is sent.</param>
    /// <param name="ghosts">[ghost, batchSize], there after <see cref="WaitForReceives"/>.</param>
    public void Expand(int layer, ExchangePlan plan, DeviceBuffer<float> values, DeviceBuffer<float> wire, DeviceBuffer<float> ghosts, int batchSize)
    {
        WaitForSends(layer);
        Receive(layer, plan.GhostStarts, ghosts, batchSize, Tag(layer, isForward: true));
        var rowBytes = (long)batchSize * sizeof(float);
        for (var place = 0; place < plan.Sends.Length; place++)
        {
            Buffer.MemoryCopy(values.Pointer + ((long)plan.Sends[place] * batchSize), wire.Pointer + ((long)place * batchSize), rowBytes, rowBytes);
        }

        Send(layer, plan.SendStarts, wire, batchSize, Tag(layer, isForward: true));
    }

    /// <summary>Backward: begins to receive other ranks' parts of own neurons' gradients.</summary>
    /// <param name="wire">[place in <see cref="ExchangePlan.Sends"/>, batchSize]; what was sent from there is gone by now.</param>
    public void BeginFold(int layer, ExchangePlan plan, DeviceBuffer<float> wire, int batchSize)
    {
        WaitForSends(layer);
        Receive(layer, plan.SendStarts, wire, batchSize, Tag(layer, isForward: false));
    }

    /// <summary>Backward: begins to send this rank's parts of its ghosts' gradients.</summary>
    /// <param name="sums">[ghost, batchSize].</param>
    public void Fold(int layer, ExchangePlan plan, DeviceBuffer<float> sums, int batchSize) =>
        Send(layer, plan.GhostStarts, sums, batchSize, Tag(layer, isForward: false));

    /// <summary>Waits for what a rank sends for this layer, if it does.</summary>
    public void WaitFor(int layer, int rank) => communicator.Wait(ref receives[layer][rank]);

    public void WaitForReceives(int layer)
    {
        for (var rank = 0; rank < communicator.Size; rank++)
        {
            WaitFor(layer, rank);
        }
    }

    /// <summary>Waits until nothing is under way from this rank.</summary>
    public void Finish()
    {
        for (var layer = 0; layer < sends.Length; layer++)
        {
            WaitForSends(layer);
        }
    }

    private static int Tag(int layer, bool isForward) => (2 * layer) + (isForward ? 0 : 1);

    private void Receive(int layer, int[] starts, DeviceBuffer<float> into, int batchSize, int tag)
    {
        for (var rank = 0; rank < communicator.Size; rank++)
        {
            var count = starts[rank + 1] - starts[rank];
            receives[layer][rank] = count == 0
                ? default
                : communicator.BeginReceive(
                    into.Pointer + ((long)starts[rank] * batchSize), (long)count * batchSize * sizeof(float), rank, tag);
        }
    }

    private void Send(int layer, int[] starts, DeviceBuffer<float> from, int batchSize, int tag)
    {
        // From the next rank on, so that not all begin with rank 0.
        for (var distance = 1; distance < communicator.Size; distance++)
        {
            var rank = (communicator.Rank + distance) % communicator.Size;
            var count = starts[rank + 1] - starts[rank];
            if (count > 0)
            {
                sends[layer].Add(communicator.BeginSend(
                    from.Pointer + ((long)starts[rank] * batchSize), (long)count * batchSize * sizeof(float), rank, tag));
                Words[layer] += count;
                Messages[layer]++;
            }
        }
    }

    private void WaitForSends(int layer)
    {
        foreach (var send in sends[layer])
        {
            var transfer = send;
            communicator.Wait(ref transfer);
        }

        sends[layer].Clear();
    }
}
