using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Tests.Elementwise;

public class DropoutTests
{
    private const int Draws = 1 << 18;

    [Theory]
    [InlineData(0f)]
    [InlineData(0.1f)]
    [InlineData(0.5f)]
    [InlineData(0.95f)]
    public void Keeps_ManyIndices_KeepsTheRightShare(float rate)
    {
        for (var key = 0UL; key < 8; key++)
        {
            Assert.Equal(1 - rate, Share(index => new Dropout(rate, key).Keeps(index)), Tolerance(rate));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(100)]
    [InlineData(128)]
    [InlineData(1024)]
    [InlineData(65536)]
    public void Keeps_TwoIndicesApart_AreIndependent(int distance)
    {
        var dropout = new Dropout(0.3f, 12345);
        Assert.Equal(0.49, Share(index => dropout.Keeps(index) && dropout.Keeps(index + distance)), Tolerance(0.51));
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(1UL << 31)]
    [InlineData(1UL << 32)]
    [InlineData(1UL << 63)]
    public void Keeps_TwoKeysApart_AreIndependent(ulong difference)
    {
        var (one, other) = (new Dropout(0.3f, 7), new Dropout(0.3f, 7 ^ difference));
        Assert.Equal(0.49, Share(index => one.Keeps(index) && other.Keeps(index)), Tolerance(0.51));
        Assert.Equal(0.49, Share(index => one.Keeps(index) && other.Keeps(index + 1)), Tolerance(0.51));
    }

    [Fact]
    public void Keeps_BeyondTwoToThe32_IsAnotherMask()
    {
        var dropout = new Dropout(0.3f, 7);
        Assert.Equal(0.49, Share(index => dropout.Keeps(index) && dropout.Keeps(index + (1L << 32))), Tolerance(0.51));
    }

    [Fact]
    public void Keeps_RunsOfEight_AreUniform()
    {
        // Chi-square over the 256 patterns of eight neighbours at rate 0.5; 255 degrees of freedom, 99.99 % quantile 345.
        var dropout = new Dropout(0.5f, 3);
        var counts = new int[256];
        for (var run = 0; run < Draws / 8; run++)
        {
            var pattern = 0;
            for (var bit = 0; bit < 8; bit++)
            {
                pattern |= dropout.Keeps((run * 8) + bit) ? 1 << bit : 0;
            }

            counts[pattern]++;
        }

        var expected = Draws / 8 / 256.0;
        Assert.InRange(counts.Sum(count => (count - expected) * (count - expected) / expected), 170, 345);
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(12_345L)]
    [InlineData((1L << 32) - 70)]
    [InlineData((1L << 32) - 7)]
    [InlineData((5L << 32) - 3)]
    [InlineData((5L << 32) + 3)]
    public void Factors_EveryWidth_EqualsKeeps(long index)
    {
        CompareFactors<Lanes1>(index);
        CompareFactors<Lanes4>(index);
        CompareFactors<Lanes8>(index);
        CompareFactors<Lanes16>(index);
    }

    private static unsafe void CompareFactors<T>(long index)
        where T : unmanaged, ILanes<T>
    {
        var dropout = new Dropout(0.4f, 0xDEAD_BEEF_0123_4567);
        var factors = stackalloc float[T.Count];
        for (var round = 0; round < 20; round++, index += T.Count)
        {
            T.Store(new DropoutMask(dropout).Factors<T>(index), factors);
            for (var lane = 0; lane < T.Count; lane++)
            {
                Assert.Equal(dropout.Keeps(index + lane) ? dropout.Scale : 0, factors[lane]);
            }
        }
    }

    private static double Share(Func<long, bool> holds) => Enumerable.Range(0, Draws).Count(index => holds(index)) / (double)Draws;

    // Five standard deviations of a share.
    private static double Tolerance(double rate) => (5 * Math.Sqrt(rate * (1 - rate) / Draws)) + 1e-9;
}
