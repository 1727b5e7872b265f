using System.Runtime.InteropServices;
using SparseService.Engine.Parallel;

namespace SparseService.Engine.Tests.Parallel;

/// <summary>What <see cref="CommunicatorTests"/> runs on each rank.</summary>
internal static unsafe class CommunicatorPrograms
{
    public static void KeepsOrder(ICommunicator ranks, string argument)
    {
        const int Messages = 200;
        var next = (ranks.Rank + 1) % ranks.Size;
        var before = (ranks.Rank + ranks.Size - 1) % ranks.Size;
        for (var i = 0; i < Messages; i++)
        {
            foreach (var tag in (int[])[7, 8])
            {
                var value = (tag * 1000) + i;
                var sent = ranks.BeginSend(&value, sizeof(int), next, tag);
                ranks.Wait(ref sent);
            }
        }

        // The later tag first: order holds within a tag, and tags do not block each other.
        foreach (var tag in (int[])[8, 7])
        {
            for (var i = 0; i < Messages; i++)
            {
                int value;
                var received = ranks.BeginReceive(&value, sizeof(int), before, tag);
                var envelope = ranks.Wait(ref received);
                Assert.Equal(((tag * 1000) + i, new Envelope(before, tag, sizeof(int))), (value, envelope));
                Assert.Equal(0, received.Handle);
            }
        }
    }

    public static void ReceivesFromAnyone(ICommunicator ranks, string argument)
    {
        const int Each = 50;
        if (ranks.Rank > 0)
        {
            for (var i = 0; i < Each; i++)
            {
                var value = i;
                var sent = ranks.BeginSend(&value, sizeof(int), 0, 1);
                ranks.Wait(ref sent);
            }

            return;
        }

        var counts = new int[ranks.Size];
        for (var i = 0; i < Each * (ranks.Size - 1); i++)
        {
            // By turns with and without a look at what is there.
            var from = i % 2 == 0 ? ranks.Probe(ICommunicator.AnyRank, 1).Rank : ICommunicator.AnyRank;
            int value;
            var received = ranks.BeginReceive(&value, sizeof(int), from, 1);
            var envelope = ranks.Wait(ref received);
            Assert.Equal(counts[envelope.Rank]++, value);
        }

        Assert.Equal(Enumerable.Repeat(Each, ranks.Size - 1).Prepend(0), counts);
        Assert.False(ranks.IsThere(ICommunicator.AnyRank, 1, out _));
    }

    public static void TakesAShorterMessage(ICommunicator ranks, string argument)
    {
        var bytes = stackalloc byte[16];
        if (ranks.Rank == 0)
        {
            new Span<byte>(bytes, 16).Fill(7);
            var sent = ranks.BeginSend(bytes, 3, 1, 5);
            ranks.Wait(ref sent);
        }
        else if (ranks.Rank == 1)
        {
            new Span<byte>(bytes, 16).Clear();
            Assert.Equal(new Envelope(0, 5, 3), ranks.Probe(0, 5));
            Assert.False(ranks.IsThere(0, 6, out _));
            Assert.True(ranks.IsThere(0, 5, out var there));
            Assert.Equal(3, there.Bytes);
            var received = ranks.BeginReceive(bytes, 16, 0, 5);
            Assert.Equal(3, ranks.Wait(ref received).Bytes);
            Assert.Equal([7, 7, 7, 0, 0], new Span<byte>(bytes, 5).ToArray());
        }
    }

    // Everyone sends before it receives: long messages stay with the sender, short ones do not.
    public static void ExchangesLongMessages(ICommunicator ranks, string argument)
    {
        foreach (var length in (int[])[0, 1, 1000, 5000, 100_000, 3_000_000])
        {
            var give = (int*)NativeMemory.Alloc((nuint)Math.Max(1, length * sizeof(int)));
            var take = (int*)NativeMemory.AllocZeroed((nuint)Math.Max(1, length * sizeof(int)));
            for (var i = 0; i < length; i++)
            {
                give[i] = (ranks.Rank * 10_000_000) + i;
            }

            var (next, before) = ((ranks.Rank + 1) % ranks.Size, (ranks.Rank + ranks.Size - 1) % ranks.Size);
            var sent = ranks.BeginSend(give, length * sizeof(int), next, 3);
            var received = ranks.BeginReceive(take, length * sizeof(int), before, 3);
            while (!ranks.IsDone(ref received, out _))
            {
                Thread.Yield();
            }

            ranks.Wait(ref sent);
            for (var i = 0; i < length; i++)
            {
                if (take[i] != (before * 10_000_000) + i)
                {
                    Assert.Fail($"Element {i} of {length} is {take[i]}");
                }
            }

            NativeMemory.Free(give);
            NativeMemory.Free(take);
        }
    }

    // Rank a gives rank b (a·7 + b·3) mod 5 · scale bytes: also none.
    public static void ExchangesRaggedParts(ICommunicator ranks, string argument)
    {
        foreach (var scale in (int[])[1, 4001, 100_003])
        {
            var give = Enumerable.Range(0, ranks.Size).Select(to => Part(ranks.Rank, to, scale)).ToArray();
            var take = Enumerable.Range(0, ranks.Size).Select(from => Part(from, ranks.Rank, scale)).ToArray();
            var (from, into) = (new byte[give.Sum() + 1], new byte[take.Sum() + 1]);
            var at = 0L;
            for (var to = 0; to < ranks.Size; to++)
            {
                from.AsSpan((int)at, (int)give[to]).Fill((byte)((ranks.Rank * 16) + to + 1));
                at += give[to];
            }

            fixed (byte* send = from, receive = into)
            {
                ranks.AllToAll(send, give, receive, take);
            }

            var expected = Enumerable.Range(0, ranks.Size)
                .SelectMany(other => Enumerable.Repeat((byte)((other * 16) + ranks.Rank + 1), (int)take[other])).Append((byte)0);
            Assert.True(expected.SequenceEqual(into), $"Scale {scale}: the parts are wrong");
        }

        static long Part(int from, int to, int scale) => ((from * 7) + (to * 3)) % 5 * scale;
    }

    // Numbers whose sum depends on the order; the bits of each rank go to a file.
    public static void Reduces(ICommunicator ranks, string folder)
    {
        using var bits = File.Create(Path.Combine(folder, $"{ranks.Rank}"));
        foreach (var length in (int[])[1, 3, 1000, 8192, 100_001])
        {
            var random = RandomStream.For(5, RandomPurpose.Shuffle, ranks.Rank, length);
            var floats = new float[length];
            var doubles = new double[length];
            var longs = new long[length];
            for (var i = 0; i < length; i++)
            {
                doubles[i] = (random.NextDouble() - 0.5) * Math.Pow(10, random.NextBelow(12));
                floats[i] = (float)doubles[i];
                longs[i] = (ranks.Rank + 1L) * (i + 1);
            }

            var largest = (long[])longs.Clone();
            ranks.AllReduce(floats);
            ranks.AllReduce(doubles);
            ranks.AllReduce(longs);
            ranks.AllReduce(largest, Reduction.Maximum);
            bits.Write(MemoryMarshal.AsBytes(floats.AsSpan()));
            bits.Write(MemoryMarshal.AsBytes(doubles.AsSpan()));
            var all = ranks.Size * (ranks.Size + 1L) / 2;
            Assert.Equal(Enumerable.Range(1, length).Select(i => i * all), longs);
            Assert.Equal(Enumerable.Range(1, length).Select(i => i * (long)ranks.Size), largest);
        }
    }

    public static void Broadcasts(ICommunicator ranks, string argument)
    {
        for (var root = 0; root < ranks.Size; root++)
        {
            foreach (var length in (int[])[1, 50_000])
            {
                var values = Enumerable.Range(0, length).Select(i => ranks.Rank == root ? i + root : -1).ToArray();
                fixed (int* at = values)
                {
                    ranks.Broadcast(at, length * sizeof(int), root);
                }

                Assert.Equal(Enumerable.Range(root, length), values);
            }
        }
    }

    // Nobody leaves round i before all have come to it.
    public static void MeetsAtBarriers(ICommunicator ranks, string folder)
    {
        for (var round = 0; round < 20; round++)
        {
            File.WriteAllText(Path.Combine(folder, $"{round}-{ranks.Rank}"), string.Empty);
            ranks.Barrier();
            Assert.Equal(ranks.Size, Directory.GetFiles(folder, $"{round}-*").Length);
        }
    }

    public static void Counts(ICommunicator ranks, string argument)
    {
        Assert.Equal(0, ranks.Counters.BytesSent);
        var bytes = stackalloc byte[100];
        if (ranks.Rank == 0)
        {
            for (var to = 1; to < ranks.Size; to++)
            {
                var sent = ranks.BeginSend(bytes, 100, to, 1);
                ranks.Wait(ref sent);
            }
        }
        else
        {
            var received = ranks.BeginReceive(bytes, 100, 0, 1);
            ranks.Wait(ref received);
        }

        var counts = ranks.Counters.Take();
        var sends = ranks.Rank == 0 ? ranks.Size - 1 : 0;
        Assert.Equal((100L * sends, (long)sends), (counts.BytesSent, counts.MessagesSent));
        Assert.Equal((0, 0, 0), (ranks.Counters.BytesSent, ranks.Counters.MessagesSent, ranks.Counters.WaitingSeconds));

        // All but rank 0 wait for it.
        var wait = TimeSpan.FromMilliseconds(300);
        if (ranks.Rank == 0)
        {
            using var never = new ManualResetEventSlim();
            never.Wait(wait);
        }

        ranks.Barrier();
        var waited = ranks.Counters.Take().WaitingSeconds;
        Assert.True(ranks.Rank == 0 ? waited < 0.25 : waited > 0.2, $"Rank {ranks.Rank} waited {waited} s");
    }

    public static void WorksAlone(ICommunicator ranks, string argument)
    {
        Assert.Equal((0, 1), (ranks.Rank, ranks.Size));
        double[] sum = [3.5];
        ranks.AllReduce(sum);
        Assert.Equal([3.5], sum);
        ranks.Barrier();
        var (give, take) = (11, 0);
        ranks.AllToAll(&give, [sizeof(int)], &take, [sizeof(int)]);
        Assert.Equal(11, take);
        ranks.Broadcast(&take, sizeof(int), 0);
    }
}
