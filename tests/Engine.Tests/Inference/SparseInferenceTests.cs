using SparseService.Engine.Inference;
using SparseService.Engine.Inference.Challenge;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Tests.Inference;

public class SparseInferenceTests
{
    private static readonly int[] Widths = [100, 70, 128, 64, 200, 90, 65, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 80, 100, 30];

    public static TheoryData<string, int, int> Cases()
    {
        var cases = new TheoryData<string, int, int>();
        foreach (var backend in SparseInference.Available)
        {
            foreach (var count in new[] { 1, 15, 16, 17, 63, 64, 65, 300, 1000 })
            {
                foreach (var lanes in backend == "simd" ? new[] { 16, 32, 48, 64 } : [0])
                {
                    cases.Add(backend, count, lanes);
                }
            }
        }

        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Run_OddNetwork_HasTheSurvivorsOfDouble(string backend, int count, int lanes)
    {
        var layers = SmallNetworks.Layers(Widths, seed: 11);
        var inputs = SmallNetworks.Inputs(count, Widths[0], seed: 12);
        using var inference = SparseInference.Create(backend, threads: 2, new InferenceOptions(lanes));

        var result = inference.Run(LayerFeed.Of(layers), inputs);

        var (survivors, active) = SmallNetworks.InDouble(layers, inputs);
        Assert.Equal(survivors, result.Survivors);
        Assert.Equal(active, result.Active);
        Assert.Equal(layers.Select(layer => layer.Nnz), result.Connections);
        Assert.True(count < 1000 || survivors.Length is > 0 and < 900, $"{survivors.Length} survivors: this network tests nothing");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_Streamed_IsAsFromMemory(int threads)
    {
        var inputs = SmallNetworks.Inputs(500, Widths[0], seed: 12);
        var layers = SmallNetworks.Layers(Widths, seed: 11);
        using var inference = SparseInference.Create("simd", threads);
        var expected = inference.Run(LayerFeed.Of(layers), inputs);
        using var feed = LayerFeed.Streaming(SmallNetworks.Layers(Widths, seed: 11), layers.Length, Widths[0]);

        var result = inference.Run(feed, inputs);

        Assert.Equal(expected.Survivors, result.Survivors);
        Assert.Equal(expected.Active, result.Active);
        Assert.Equal(result.Active.Zip(result.Connections, (active, nnz) => (double)active * nnz).Sum(), result.ExecutedEdges);
    }

    public static TheoryData<string> Backends => [.. SparseInference.Available];

    [Theory, MemberData(nameof(Backends))]
    public void Run_StreamThatFails_ThrowsItsFault(string backend)
    {
        using var inference = SparseInference.Create(backend, 1);
        using var feed = LayerFeed.Streaming(Failing(), 5, Widths[0]);

        var inputs = SmallNetworks.Inputs(10, Widths[0], seed: 1);
        Assert.Throws<InvalidDataException>(() => inference.Run(feed, inputs));

        // What is left of it does not reach the next run.
        var layers = SmallNetworks.Layers(Widths, seed: 11);
        Assert.Equal(SmallNetworks.InDouble(layers, inputs).Survivors, inference.Run(LayerFeed.Of(layers), inputs).Survivors);

        static IEnumerable<CompactLayer> Failing()
        {
            yield return SmallNetworks.Layer(Widths[0], Widths[1], seed: 1);
            throw new InvalidDataException("torn");
        }
    }

    [Fact]
    public void Run_StreamLeftAlone_EndsItsThread()
    {
        using (LayerFeed.Streaming(Endless(), int.MaxValue, 8))
        {
        }

        static IEnumerable<CompactLayer> Endless()
        {
            while (true)
            {
                yield return SmallNetworks.Layer(8, 8, seed: 1);
            }
        }
    }

    [Theory, MemberData(nameof(Backends))]
    public void Run_WrongNetworks_NamesWhatIsAllowed(string backend)
    {
        using var inference = SparseInference.Create(backend, 1);
        var inputs = SmallNetworks.Inputs(10, 64, seed: 1);

        Assert.Contains("bias above 0", Fault([new CompactLayer(64, [0, 0], [], [], [0.5f], 1)]), StringComparison.Ordinal);
        Assert.Contains("allowed: 5", Fault(
            [SmallNetworks.Layer(64, 5, seed: 1), SmallNetworks.Layer(6, 5, seed: 1)]), StringComparison.Ordinal);
        Assert.Contains("rounded up to 64", Fault([SmallNetworks.Layer(200, 5, seed: 1)]), StringComparison.Ordinal);

        string Fault(CompactLayer[] layers) => Assert.Throws<ArgumentException>(() => inference.Run(LayerFeed.Of(layers), inputs)).Message;
    }

    [Fact]
    public void CompactLayer_WrongArrays_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => new CompactLayer(4, [0, 2], [1, 1], [1, 1], [0], 1));
        Assert.Throws<ArgumentException>(() => new CompactLayer(4, [0, 1], [4], [1], [0], 1));
        Assert.Throws<ArgumentException>(() => new CompactLayer(4, [0, 1], [3], [float.NaN], [0], 1));
        Assert.Throws<ArgumentException>(() => new CompactLayer(4, [0, 2], [3], [1], [0], 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CompactLayer(4, [0, 1], [3], [1], [0], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CompactLayer(CompactLayer.MostColumns + 1, [0], [], [], [], 1));
    }

    public static TheoryData<string, ChallengeKind> Networks()
    {
        var networks = new TheoryData<string, ChallengeKind>();
        foreach (var backend in SparseInference.Available.Except(["reference"]))
        {
            networks.Add(backend, ChallengeKind.Official);
            networks.Add(backend, ChallengeKind.Random);
        }

        return networks;
    }

    [Theory, MemberData(nameof(Networks))]
    public void Run_ChallengeNetwork_HasTheExactCategories(string backend, ChallengeKind kind)
    {
        var layers = new ChallengeNetwork(1024, 120, kind).Make().ToArray();
        var inputs = GeneratedInputs.Of(700, 1024, seed: 5);
        using var inference = SparseInference.Create(backend);

        var result = inference.Run(LayerFeed.Of(layers), inputs);

        Assert.Equal(ExactCategories.Of(() => LayerFeed.Of(layers), inputs), result.Survivors);
        Assert.InRange(result.Survivors.Count, 7, 140);
        foreach (var layer in layers)
        {
            layer.Dispose();
        }
    }

    [Fact]
    public void Merge_OfficialNetwork_IsASixteenthWithTheSameSurvivors()
    {
        var network = new ChallengeNetwork(1024, 40);
        var inputs = GeneratedInputs.Of(300, 1024, seed: 6);
        using var inference = SparseInference.Create("simd");
        var whole = network.Make().ToArray();
        var merged = EqualNeurons.Merge(network.Make()).ToArray();

        // In the last layer of each group of six the neurons that are half the residues apart are the same, too.
        Assert.Equal(merged.Select((_, layer) => layer % 6 == 5 ? 32 : 64), merged.Select(layer => layer.Outputs));
        Assert.Equal(
            inference.Run(LayerFeed.Of(whole), inputs).Survivors, inference.Run(LayerFeed.Of(merged), inputs).Survivors);
    }

    [Fact]
    public void Merge_NetworkWithoutEqualNeurons_LeavesItAlone()
    {
        var network = new ChallengeNetwork(1024, 2, ChallengeKind.Random);
        foreach (var (layer, merged) in network.Make().Zip(EqualNeurons.Merge(network.Make())))
        {
            Assert.Equal(layer.Places.ToArray(), merged.Places.ToArray());
            Assert.Equal(layer.Values.ToArray(), merged.Values.ToArray());
            Assert.Equal(layer.Offsets.ToArray(), merged.Offsets.ToArray());
        }
    }
}
