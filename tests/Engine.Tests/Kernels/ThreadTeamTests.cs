using SparseService.Engine.Kernels;

namespace SparseService.Engine.Tests.Kernels;

public class ThreadTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public unsafe void Run_ManyTimes_ExecutesEachBlockOnce(int size)
    {
        using var team = new ThreadTeam(size);
        var counts = stackalloc int[40];
        for (var run = 0; run < 500; run++)
        {
            new Span<int>(counts, 40).Clear();
            var work = new Counting(counts);
            team.Run(ref work, run % 41);
            for (var block = 0; block < 40; block++)
            {
                Assert.Equal(block < run % 41 ? 1 : 0, counts[block]);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public unsafe void Run_BlockThrows_CallerSeesItAndTheTeamGoesOn(int size)
    {
        using var team = new ThreadTeam(size);
        var failing = new Failing(7);
        Assert.Throws<InvalidOperationException>(() => team.Run(ref failing, 20));

        var counts = stackalloc int[20];
        new Span<int>(counts, 20).Clear();
        var work = new Counting(counts);
        team.Run(ref work, 20);

        Assert.All(new Span<int>(counts, 20).ToArray(), count => Assert.Equal(1, count));
    }

    [Fact]
    public async Task Run_SeveralCallersAtOnce_EachGetsItsOwnResult()
    {
        using var team = new ThreadTeam(3);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => CountManyTimes(team))));
    }

    private static unsafe void CountManyTimes(ThreadTeam team)
    {
        var counts = stackalloc int[16];
        for (var run = 0; run < 500; run++)
        {
            new Span<int>(counts, 16).Clear();
            var work = new Counting(counts);
            team.Run(ref work, 16);
            for (var block = 0; block < 16; block++)
            {
                Assert.Equal(1, counts[block]);
            }
        }
    }

    private readonly unsafe struct Counting(int* counts) : IBlockWork
    {
        public void Execute(int block) => Interlocked.Increment(ref counts[block]);
    }

    private readonly struct Failing(int at) : IBlockWork
    {
        public void Execute(int block)
        {
            if (block == at)
            {
                throw new InvalidOperationException("block " + block);
            }
        }
    }
}
