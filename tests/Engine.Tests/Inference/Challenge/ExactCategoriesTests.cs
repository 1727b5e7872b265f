using SparseService.Engine.Inference;
using SparseService.Engine.Inference.Challenge;

namespace SparseService.Engine.Tests.Inference.Challenge;

public class ExactCategoriesTests
{
    [Theory]
    [InlineData(4f)]
    [InlineData(1f)] // a low cap: inputs become full
    public void Of_OddNetwork_HasTheSurvivorsOfDouble(float cap)
    {
        // 40 layers: more than one part.
        var layers = SmallNetworks.Layers([100, 70, .. Enumerable.Repeat(60, 39)], seed: 21, bias: -0.125f, cap);
        var inputs = SmallNetworks.Inputs(300, 100, seed: 22);

        Assert.Equal(SmallNetworks.InDouble(layers, inputs).Survivors, ExactCategories.Of(() => LayerFeed.Of(layers), inputs));
    }

    [Fact]
    public void Of_EqualNeuronsThatAllSaturate_KnowsWhenFullInputsDieLater()
    {
        // Two equal neurons, full from the first layer on, that the last layer alone kills: 0.25·(1 + 1) − 0.5 = 0.
        var grow = Enumerable.Range(0, 20).Select(_ => new CompactLayer(2, [0, 2, 4], [0, 1, 0, 1], [1, 1, 1, 1], [-0.5f, -0.5f], 1));
        var kill = new CompactLayer(2, [0, 2, 4], [0, 1, 0, 1], [0.25f, 0.25f, 0.25f, 0.25f], [-0.5f, -0.5f], 1);
        var inputs = new BitRows(2, 64) { [0, 0] = true };

        CompactLayer[] living = [.. grow];
        Assert.Equal([0], ExactCategories.Of(() => LayerFeed.Of(living), inputs));
        Assert.Empty(ExactCategories.Of(() => LayerFeed.Of([.. living, kill]), inputs));
        Assert.Empty(ExactCategories.Of(() => LayerFeed.Of([kill, .. living]), inputs));
    }

    [Fact]
    public void Of_InputOnTheEdge_IsDecidedWithoutRounding()
    {
        // x → 2x − 0.25 from 0.25: stays for ever, though any rounding would be doubled in each of 200 layers.
        var start = new CompactLayer(1, [0, 1], [0], [0.5f], [-0.25f], 32);
        var keep = Enumerable.Range(0, 200).Select(_ => new CompactLayer(1, [0, 1], [0], [2], [-0.25f], 32)).ToArray();
        var fall = new CompactLayer(1, [0, 1], [0], [0.5f], [-0.25000003f], 32);
        var inputs = new BitRows(1, 64) { [0, 0] = true };

        Assert.Equal([0], ExactCategories.Of(() => LayerFeed.Of([start, .. keep]), inputs));
        Assert.Empty(ExactCategories.Of(() => LayerFeed.Of([fall, .. keep]), inputs));
    }

    [Theory]
    [InlineData(0.1f, "A weight is 0.1; allowed: multiples of 2^-20")]
    [InlineData(1e30f, "add up to 1e+30; allowed: less than 2.31e+18")] // more than a word holds
    public void Of_WeightsThatFixedPointDoesNotHold_AreRefused(float weight, string expected)
    {
        var layer = new CompactLayer(1, [0, 1], [0], [weight], [0], 1);
        Assert.Contains(
            expected,
            Assert.ThrowsAny<ArgumentException>(() => ExactCategories.Of(() => LayerFeed.Of([layer]), new BitRows(1, 64))).Message,
            StringComparison.Ordinal);
    }
}
