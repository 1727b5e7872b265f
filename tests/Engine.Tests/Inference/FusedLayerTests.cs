using SparseService.Engine.Elementwise;
using SparseService.Engine.Inference;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Kernels;

namespace SparseService.Engine.Tests.Inference;

public unsafe class FusedLayerTests
{
    // Both sides of a block of 64 neurons, whose places differ from their numbers.
    private static readonly (int Inputs, int Outputs)[] Shapes = [(1, 1), (5, 3), (63, 64), (64, 65), (200, 130), (256, 256)];

    public static TheoryData<int> Slots => [16, 32, 48, 64];

    [Theory, MemberData(nameof(Slots))]
    public void Apply_OnEveryWidth_MatchesDouble(int slots)
    {
        foreach (var (inputs, outputs) in Shapes)
        {
            using var layer = SmallNetworks.Layer(inputs, outputs, seed: 1);
            var x = Activations(inputs, slots);
            AssertMatches(layer, x, slots, (from, to) => StripLayer.Apply(layer, from, to, slots, slots));
            AssertMatches(layer, x, slots, (from, to) => FusedLayer<Lanes16>.Apply(layer, from, to, slots, slots));
            AssertMatches(layer, x, slots, (from, to) => FusedLayer<Lanes8>.Apply(layer, from, to, slots, slots));
            AssertMatches(layer, x, slots, (from, to) => FusedLayer<Lanes4>.Apply(layer, from, to, slots, slots));
            AssertMatches(layer, x, slots, (from, to) => FusedLayer<Lanes1>.Apply(layer, from, to, slots, slots));
            AssertMatches(layer, x, slots, (from, to) => FusedLayer512.Apply(layer, from, to, slots, slots));
        }
    }

    [Theory, MemberData(nameof(Slots))]
    public void Apply_OnBits_MatchesDouble(int slots)
    {
        foreach (var (inputs, outputs) in Shapes)
        {
            using var layer = SmallNetworks.Layer(inputs, outputs, seed: 2);
            var rows = SmallNetworks.Inputs(slots + 5, inputs, seed: 3);
            var bits = new ulong[inputs];
            BitLayer.Transpose(rows, 5, slots, bits);
            var x = new double[inputs * slots];
            for (var at = 0; at < x.Length; at++)
            {
                x[at] = rows[5 + (at % slots), at / slots] ? 1 : 0;
            }

            fixed (ulong* pointer = bits)
            {
                var words = pointer;
                AssertMatches(layer, x, slots, (_, to) => BitLayer.Apply(layer, words, to, slots, slots));
            }

            AssertMatches(layer, x, slots, (_, to) =>
            {
                using var expanded = new DeviceBuffer<float>(inputs * slots);
                BitLayer.Expand(bits, expanded.Pointer, slots, slots);
                return StripLayer.Apply(layer, expanded.Pointer, to, slots, slots);
            });
        }
    }

    [Fact]
    public void Apply_ByHand_AddsBiasAndClips()
    {
        // 0.5·1 + 2·3 − 1 = 5.5, capped to 4; 0.5·1 − 1 < 0; −1 alone.
        using var layer = new CompactLayer(2, [0, 2, 3, 3], [0, 1, 0], [0.5f, 2, 0.5f], [-1, -1, -1], cap: 4);
        var x = stackalloc float[32];
        var y = stackalloc float[48];
        (x[0], x[16]) = (1, 3);

        Assert.Equal(1UL, StripLayer.Apply(layer, x, y, 16, 16));
        Assert.Equal((4f, 0f, 0f, 0f), (y[0], y[16], y[32], y[1]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(4096)]
    public void Place_OfAllNeurons_IsAPermutationThatColumnUndoes(int neurons)
    {
        var places = Enumerable.Range(0, neurons).Select(neuron => CompactLayer.Place(neuron, neurons)).ToArray();
        Assert.Equal(Enumerable.Range(0, neurons), places.Order());
        using var layer = new CompactLayer(
            neurons, [0, neurons], [.. Enumerable.Range(0, neurons).Select(neuron => (ushort)neuron)], new float[neurons], [0], cap: 1);
        Assert.Equal(Enumerable.Range(0, neurons), Enumerable.Range(0, neurons).Select(k => layer.Column(k)));
    }

    private static double[] Activations(int inputs, int slots)
    {
        var random = RandomStream.For(4, RandomPurpose.GeneratedData);
        return [.. Enumerable.Range(0, inputs * slots).Select(_ => random.NextBelow(3) == 0 ? 0 : (double)(float)random.NextDouble(0, 2))];
    }

    private static void AssertMatches(CompactLayer layer, double[] x, int slots, Work work)
    {
        using var from = new DeviceBuffer<float>(x.Length);
        for (var at = 0; at < x.Length; at++)
        {
            from.Pointer[(CompactLayer.Place(at / slots, layer.Inputs) * slots) + (at % slots)] = (float)x[at];
        }

        using var to = new GuardedBuffer(layer.Outputs * slots);
        var alive = work(from.Pointer, to.Buffer.Pointer);

        var (expected, written) = (SmallNetworks.InDouble(layer, x, slots), to.Written.ToArray());
        for (var at = 0; at < expected.Length; at++)
        {
            Assert.Equal(expected[at], written[(CompactLayer.Place(at / slots, layer.Outputs) * slots) + (at % slots)], 1e-5);
        }

        for (var slot = 0; slot < slots; slot++)
        {
            Assert.Equal(Enumerable.Range(0, layer.Outputs).Any(row => written[(row * slots) + slot] > 0), (alive >> slot & 1) != 0);
        }
    }

    private delegate ulong Work(float* from, float* to);
}
