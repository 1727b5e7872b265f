using SparseService.Engine.Gpu;
using SparseService.Engine.Inference;
using SparseService.Engine.Inference.Challenge;
using SparseService.Engine.Tests.Inference;

namespace SparseService.Engine.Tests.Gpu;

public sealed class DeviceInferenceTests
{
    private static readonly int[] Widths = [70, 33, 300, 17, 64, 65, 128, 40, 90, 50, 70, 64, 20, 30, 64, 31, 128, 90, 40, 60, 25];

    // The sizes of GPU and processor, and ones that leave remainders everywhere.
    private static readonly FusedShape[] Shapes = [FusedShape.OfGpu, FusedShape.OfProcessor, new(16, 8, 4, 4, 2)];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 13)]
    [InlineData(5, 100)]
    [InlineData(20, 257)]
    public void Run_RandomNetwork_FindsTheInputsThatSumsInDoubleFind(int depth, int rows)
    {
        var device = DeviceSkip.Device();
        var (layers, inputs) = Network(depth, rows);
        var expected = SmallNetworks.InDouble(layers, inputs);

        // All at once, in parts that come together when most have died, and in parts to the end; layers that stay, that do not fit, and that are streamed.
        foreach (var shape in Shapes)
        {
            foreach (var (most, layerBytes) in new[] { (0, 1L << 30), (0, 0), (40, 1L << 30), (7, 0), (7, 5000) })
            {
                using var inference = new DeviceInference([device], shape, layerBytes) { MostInputs = most };
                AssertSame(expected, inference.Run(LayerFeed.Of(layers), inputs));
                AssertSame(expected, inference.Run(LayerFeed.Of(layers), inputs));
                Assert.InRange(inference.StayingLayers, layerBytes > 5000 ? depth : 0, layerBytes == 0 ? 0 : depth);
                using var feed = LayerFeed.Streaming(Network(depth, rows).Layers, depth, Widths[0]);
                AssertSame(expected, inference.Run(feed, inputs));
                Assert.Equal(0, inference.StayingLayers);
            }
        }

        Array.ForEach(layers, layer => layer.Dispose());
    }

    [Theory]
    [InlineData(257)]
    [InlineData(3)]
    [InlineData(1)] // fewer inputs than devices
    public void Run_SeveralDevices_IsAsOne(int rows)
    {
        var device = DeviceSkip.Device();
        var (layers, inputs) = Network(20, rows);
        var expected = SmallNetworks.InDouble(layers, inputs);
        foreach (var devices in Several(device))
        {
            foreach (var most in new[] { 0, 20 })
            {
                using var inference = new DeviceInference(devices) { MostInputs = most };
                Assert.Equal(devices.Count, inference.Threads);
                AssertSame(expected, inference.Run(LayerFeed.Of(layers), inputs));
                using var feed = LayerFeed.Streaming(Network(20, rows).Layers, 20, Widths[0]);
                AssertSame(expected, inference.Run(feed, inputs));
            }
        }

        Array.ForEach(layers, layer => layer.Dispose());
    }

    // With some other network between, and after a run that has ended in the middle: what stays on a device is always this network's.
    [Fact]
    public void Run_NetworksInTurn_NeverMixesThem()
    {
        var device = DeviceSkip.Device();
        using var inference = new DeviceInference([device]);
        var (one, other) = (Network(6, 50), Network(3, 50));
        foreach (var (layers, inputs) in new[] { one, other, one, one })
        {
            AssertSame(SmallNetworks.InDouble(layers, inputs), inference.Run(LayerFeed.Of(layers), inputs));
            Assert.Equal(layers.Length, inference.StayingLayers);
        }

        CompactLayer[] torn = [.. one.Layers[..4], one.Layers[0]];
        Assert.Throws<ArgumentException>(() => inference.Run(LayerFeed.Of(torn), one.Inputs));
        AssertSame(SmallNetworks.InDouble(one.Layers, one.Inputs), inference.Run(LayerFeed.Of(one.Layers), one.Inputs));
    }

    [Fact]
    public void Run_NothingDies_AllAreLeft()
    {
        var device = DeviceSkip.Device();
        var layers = Enumerable.Range(0, 18).Select(_ => new CompactLayer(64, Enumerable.Range(0, 65).ToArray(), Columns(), Ones(), new float[64], 1)).ToArray();
        var inputs = SmallNetworks.Inputs(40, 64, seed: 3);
        for (var row = 0; row < inputs.Rows; row++)
        {
            inputs[row, row] = true;
        }

        foreach (var most in new[] { 0, 9 })
        {
            using var inference = new DeviceInference([device]) { MostInputs = most };
            var result = inference.Run(LayerFeed.Of(layers), inputs);
            Assert.Equal(Enumerable.Range(0, 40), result.Survivors);
            Assert.All(result.Active, count => Assert.Equal(40, count));
        }

        static ushort[] Columns() => [.. Enumerable.Range(0, 64).Select(column => (ushort)column)];
        static float[] Ones() => [.. Enumerable.Repeat(1f, 64)];
    }

    // What the authors' own program prints of the padding of this network: rows of 32 lanes.
    [Fact]
    public void Of_ChallengeNetwork_PadsAsThePaper()
    {
        var padded = 0L;
        foreach (var layer in new ChallengeNetwork(1024, 120).Make())
        {
            padded += SlicedLayer.Of(layer, FusedShape.OfGpu).Values.Length / 32;
            layer.Dispose();
        }

        Assert.Equal(163_152, padded);
    }

    [Fact]
    public void Of_SmallLayer_HasTheStagesAndSlicesOfTheHandTable()
    {
        // Rows 0 to 2 in a block of 4, stages of 2 inputs, slices of 2 rows. Inputs used: 1, 4, 6.
        using var w = new CompactLayer(7, [0, 2, 3, 5], [1, 6, 4, 4, 6], [1f, 2, 3, 4, 5], [-1f, -2, -3], 32);

        var layer = SlicedLayer.Of(w, new FusedShape(4, 2, 2, 1, 1));

        Assert.Equal([0, 2], layer.FirstStages);
        Assert.Equal([0, 2, 3], layer.MapOffsets);
        Assert.Equal([1, 4, 6], layer.Map.Select(input => (int)input));
        Assert.Equal([0, 2, 4, 6, 8], layer.SliceOffsets); // one entry a row in each slice of each stage
        Assert.Equal([0, 1, 1, 0, 0, 0, 0, 0], layer.Columns.Select(column => (int)column));
        Assert.Equal([1f, 3, 4, 0, 2, 0, 5, 0], layer.Values);
        Assert.Equal([-1f, -2, -3], layer.Biases);
    }

    [Fact]
    public void Create_MoreDevicesThanThereAre_SaysHowMany()
    {
        DeviceSkip.Device();
        var fault = Assert.Throws<NoDeviceException>(() => SparseInference.Create("opencl", 0, new InferenceOptions(Devices: 1000)));
        Assert.Contains("1000 devices are wanted", fault.Message, StringComparison.Ordinal);
    }

    // Of PoCL's two ways the second gives each array of a group memory of its own, in which an access beside it does not stay unseen.
    [Theory]
    [InlineData("pthread pthread")]
    [InlineData("basic basic")]
    public void Create_TwoDevicesOfADriver_FindTheSame(string devices)
    {
        DeviceSkip.Device();
        var (code, output) = DeviceProgram.Run(RunOnTwo, "", ("POCL_DEVICES", devices));
        Assert.True(code == 0, output);
        if (output.Contains("There are not two", StringComparison.Ordinal))
        {
            Assert.Skip("The driver cannot show its processor twice, as PoCL does");
        }

        Assert.Contains("two as one", output, StringComparison.Ordinal);
    }

    internal static void RunOnTwo(string argument)
    {
        if (GpuDevice.All.Count < 2)
        {
            Console.WriteLine("There are not two" + argument);
            return;
        }

        var (layers, inputs) = Network(9, 101);
        using var inference = SparseInference.Create("opencl", 0, new InferenceOptions(Devices: 2));
        AssertSame(SmallNetworks.InDouble(layers, inputs), inference.Run(LayerFeed.Of(layers), inputs));
        Assert.Contains(" + ", inference.Place, StringComparison.Ordinal);
        Console.WriteLine("two as one");
    }

    internal static void RunSmall(string argument)
    {
        var layers = SmallNetworks.Layers([10, 9, 7, 8], seed: 1);
        var inputs = SmallNetworks.Inputs(11, 10, seed: 2);
        foreach (var most in new[] { 0, 4 })
        {
            using var inference = new DeviceInference(
                [GpuDevice.Choose("opencl")], new FusedShape(4, 4, 2, 4, 1), mostBytes: 0) { MostInputs = most };
            AssertSame(SmallNetworks.InDouble(layers, inputs), inference.Run(LayerFeed.Of(layers), inputs));
        }

        Console.WriteLine("as the reference" + argument);
    }

    // Parts of the processor, uneven where it has three units; and one device three times over, each with a context and queues of its own.
    private static IEnumerable<IReadOnlyList<GpuDevice>> Several(GpuDevice device)
    {
        yield return [device, device, device];
        if (!device.IsGpu && device.ComputeUnits > 1)
        {
            yield return ((OpenClApi)device.Api).Split(1, 1);
        }

        if (!device.IsGpu && device.ComputeUnits > 2)
        {
            yield return ((OpenClApi)device.Api).Split(1, device.ComputeUnits - 1);
        }
    }

    // The first layers' inputs die sooner or later; see SmallNetworks for what is irregular.
    private static (CompactLayer[] Layers, BitRows Inputs) Network(int depth, int rows) =>
        (SmallNetworks.Layers(Widths[..(depth + 1)], seed: 11), SmallNetworks.Inputs(rows, Widths[0], seed: 12));

    private static void AssertSame((int[] Survivors, long[] Active) expected, InferenceResult result)
    {
        Assert.Equal(expected.Survivors, result.Survivors);
        Assert.Equal(expected.Active, result.Active);
    }
}
