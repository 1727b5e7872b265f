using System.Collections.Concurrent;
using System.Diagnostics;

namespace SparseService.Engine.Inference;

/// <summary>The layers of a network in their order, some at a time, each given once.</summary>
public abstract class LayerFeed : IDisposable
{
    /// <summary>Layers of the network.</summary>
    public abstract int Count { get; }

    /// <summary>Neurons of the first layer's input.</summary>
    public abstract int Inputs { get; }

    /// <summary>Whether the layers are the same objects whenever this network is run, so that it pays to remember what was made of them.</summary>
    public virtual bool KeepsLayers => false;

    /// <summary>Time that the taker had to wait for layers to be made.</summary>
    public virtual TimeSpan Waited => TimeSpan.Zero;

    /// <summary>Layers that lie in memory; they stay the caller's.</summary>
    public static LayerFeed Of(IReadOnlyList<CompactLayer> layers) => new Resident(layers);

    /// <summary>Layers that are made while earlier ones are computed with, one part ahead; they are freed when they are given back.</summary>
    /// <param name="layers">Makes each layer when it is asked for; runs on a thread of its own.</param>
    /// <param name="count">How many it makes.</param>
    /// <param name="inputs">Neurons of the first layer's input.</param>
    public static LayerFeed Streaming(IEnumerable<CompactLayer> layers, int count, int inputs) => new Streamed(layers, count, inputs);

    /// <summary>The next layers.</summary>
    /// <param name="most">At most so many; at least 1.</param>
    /// <param name="mostBytes">One layer in any case, then as many as lie within so much memory.</param>
    /// <returns>None: all were given.</returns>
    public abstract IReadOnlyList<CompactLayer> Take(int most, long mostBytes);

    /// <summary>The layers that <see cref="Take"/> gave last are not needed any more.</summary>
    public virtual void GiveBack(IReadOnlyList<CompactLayer> layers)
    {
    }

    public virtual void Dispose() => GC.SuppressFinalize(this);

    private sealed class Resident(IReadOnlyList<CompactLayer> layers) : LayerFeed
    {
        private int next;

        public override int Count => layers.Count;

        public override int Inputs => layers[0].Inputs;

        public override bool KeepsLayers => true;

        public override IReadOnlyList<CompactLayer> Take(int most, long mostBytes)
        {
            var part = new List<CompactLayer>();
            var bytes = 0L;
            while (next < layers.Count && part.Count < most && (part.Count == 0 || bytes + layers[next].Bytes <= mostBytes))
            {
                bytes += layers[next].Bytes;
                part.Add(layers[next++]);
            }

            return part;
        }
    }

    private sealed class Streamed : LayerFeed
    {
        // One waits here, one is being made; those that are computed with are the taker's.
        private readonly BlockingCollection<CompactLayer> ahead = new(boundedCapacity: 1);
        private readonly CancellationTokenSource ending = new();
        private readonly Task producer;
        private long waitedTicks;
        private int given;

        public Streamed(IEnumerable<CompactLayer> layers, int count, int inputs)
        {
            (Count, Inputs) = (count, inputs);
            producer = Task.Factory.StartNew(() => Produce(layers), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        public override int Count { get; }

        public override int Inputs { get; }

        public override TimeSpan Waited => Stopwatch.GetElapsedTime(0, waitedTicks);

        public override IReadOnlyList<CompactLayer> Take(int most, long mostBytes)
        {
            var part = new List<CompactLayer>();
            var bytes = 0L;
            var started = Stopwatch.GetTimestamp();
            while (given < Count && part.Count < most && (part.Count == 0 || bytes + part[^1].Bytes <= mostBytes))
            {
                if (!ahead.TryTake(out var layer, Timeout.Infinite))
                {
                    producer.GetAwaiter().GetResult();
                    throw new InvalidDataException($"The network has {given} layers; allowed: {Count}");
                }

                bytes += layer.Bytes;
                part.Add(layer);
                given++;
            }

            waitedTicks += Stopwatch.GetTimestamp() - started;
            return part;
        }

        public override void GiveBack(IReadOnlyList<CompactLayer> layers)
        {
            foreach (var layer in layers)
            {
                layer.Dispose();
            }
        }

        public override void Dispose()
        {
            ending.Cancel();
            try
            {
                producer.Wait();
            }
            catch (AggregateException)
            {
                // Whoever took layers has seen it.
            }

            foreach (var layer in ahead)
            {
                layer.Dispose();
            }

            ahead.Dispose();
            ending.Dispose();
            base.Dispose();
        }

        private void Produce(IEnumerable<CompactLayer> layers)
        {
            CompactLayer? held = null;
            try
            {
                foreach (var layer in layers)
                {
                    held = layer;
                    ahead.Add(layer, ending.Token);
                    held = null;
                }
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested)
            {
                held?.Dispose();
            }
            finally
            {
                ahead.CompleteAdding();
            }
        }
    }
}
