using SparseService.Engine.Data;
using SparseService.Engine.Gpu;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Gpu;

public sealed class DeviceEvolutionTests : IDisposable
{
    private static readonly KernelShapes[] Shapes = [KernelShapes.OfGpu, KernelShapes.OfProcessor, new(4, 8, 16)];

    private readonly StoreFiles files = new();

    public static TheoryData<int, int, double, double, string> Layers => new()
    {
        { 20, 30, 0.1, 0.3, "any" },
        { 20, 30, 0.5, 0.9, "any" },
        { 7, 5, 1.0, 0.3, "any" },          // full: grows exactly where it dropped
        { 1, 1, 1.0, 0.5, "any" },          // nothing goes
        { 1, 700, 0.3, 0.5, "any" },        // one row, over several tiles of a scan
        { 900, 3, 0.4, 0.5, "any" },
        { 400, 500, 0.05, 0.3, "any" },
        { 40, 50, 0.2, 0.3, "negative" },
        { 40, 50, 0.2, 0.3, "positive" },
        { 40, 50, 0.2, 0.3, "zero" },       // all are equal: of equals the first go
        { 40, 50, 0.3, 0.45, "few" },       // ties of both signs at both ends
        { 40, 50, 0.3, 0.45, "minus zero" },
        { 40, 50, 0.3, 0.3, "empty rows" },
        { 60, 33, 0.4, 0.5, "closed" },
    };

    public void Dispose() => files.Dispose();

    [Theory, MemberData(nameof(Layers))]
    public void Evolve_AnyLayer_IsThatOfTheHost(int rows, int columns, double density, double dropFraction, string kind)
    {
        var device = DeviceSkip.Device();
        foreach (var shapes in Shapes)
        {
            foreach (var slots in new[] { 1, 2 })
            {
                using var backend = new DeviceBackend(device, threads: 2, shapes);
                AssertEvolvesAsTheHost(backend, () => Layer(rows, columns, density, kind, slots), dropFraction);
            }
        }
    }

    [Fact]
    public void Evolve_Again_HasTheSameBits()
    {
        using var backend = new DeviceBackend(DeviceSkip.Device(), shapes: KernelShapes.OfGpu);
        Assert.Equal(EvolveThrice(), EvolveThrice());

        string EvolveThrice()
        {
            var (layer, open) = Layer(150, 220, 0.1, "few", 2);
            for (var epoch = 1; epoch <= 3; epoch++)
            {
                Evolve(backend.Topology, layer, open, 0.4, epoch);
            }

            using (layer)
            {
                return Written(layer);
            }
        }
    }

    // What travels is counts, sites and statistics: the host's memory has the old network until somebody asks for the new one.
    [Fact]
    public unsafe void Evolve_OnTheDevice_LeavesTheNetworkThere()
    {
        using var backend = new DeviceBackend(DeviceSkip.Device());
        var (layer, open) = Layer(60, 80, 0.2, "any", 1);
        using var index = TransposeIndex.Of(layer.Weights);
        var before = layer.Weights.Values.ToArray();
        var stale = new ReadOnlySpan<float>(layer.Weights.Values.HostMemory, before.Length);

        Evolve(backend.Topology, layer, open, 0.3, epoch: 1);
        backend.Topology.Rebuild(index);
        backend.Topology.IncomingStrength(layer.Weights, new float[60]);
        _ = backend.Topology.OutgoingStrength(layer.Weights);
        Assert.Equal(before, stale.ToArray());

        // Who reads sees the new ones, and the device's go on counting: what stands on the host does not reach it.
        _ = layer.Weights.Values.Reading;
        var shown = stale.ToArray();
        Assert.NotEqual(before, shown);
        layer.Weights.Values.HostMemory[0] = 1000;
        var strength = new float[60];
        backend.Topology.IncomingStrength(layer.Weights, strength);
        Assert.DoesNotContain(strength, sum => sum > 500);
        layer.Dispose();
    }

    [Theory]
    [InlineData(1, 1, 1.0)]
    [InlineData(5, 9, 0.0)]
    [InlineData(30, 20, 0.3)]
    [InlineData(300, 7, 1.0)]
    [InlineData(7, 300, 0.5)]
    [InlineData(400, 300, 0.1)]
    public void Index_AnyLayer_IsThatOfTheHost(int rows, int columns, double density)
    {
        var device = DeviceSkip.Device();
        var w = Matrix(rows, columns, density, seed: 4);
        using var expected = TransposeIndex.Of(w);
        foreach (var shapes in Shapes)
        {
            using var backend = new DeviceBackend(device, shapes: shapes);
            using var actual = TransposeIndex.Of(w);
            actual.ColumnOffsets.Span.Fill(-7);
            actual.RowIndices.Span.Fill(-7);
            actual.Positions.Span.Fill(-7);

            backend.Topology.Rebuild(actual);

            Assert.Equal(expected.ColumnOffsets.ToArray(), actual.ColumnOffsets.ToArray());
            Assert.Equal(expected.RowIndices.ToArray(), actual.RowIndices.ToArray());
            Assert.Equal(expected.Positions.ToArray(), actual.Positions.ToArray());
            AssertSameStatistics(w, backend.Topology);
        }

        w.Dispose();
    }

    // The same bits, to the last one of the model: neither connections nor sums know where evolution was.
    [Theory]
    [InlineData(OptimizerKind.Sgd, NewWeights.Zero)]
    [InlineData(OptimizerKind.Adam, NewWeights.Initial)]
    public void Train_EvolutionOnTheDevice_IsAsOnTheHost(OptimizerKind optimizer, NewWeights newWeights)
    {
        var device = DeviceSkip.Device();
        using var data = TrainingData.Quadrants(files);
        var options = TrainingData.Options(2, 40, 30, 2) with
        {
            Epochs = 4,
            Optimizer = new OptimizerOptions { Kind = optimizer, LearningRate = 0.02 },
            Evolution = new EvolutionOptions { NewWeights = newWeights, IncludeOutputLayer = true },
            Pruning = new PruningOptions { StartEpoch = 1, EveryEpochs = 2, Percentile = 10 },
        };

        var (results, model) = Train(new DeviceBackend(device), options, data);
        var (expected, expectedModel) = Train(new DeviceBackend(device) { ChangesTopologyOnHost = true }, options, data);

        Assert.Equal(expectedModel, model);
        Assert.Contains(results, result => result.Statistics.Layers.Any(layer => layer.Births > 0));
        foreach (var (one, other) in expected.Zip(results))
        {
            Assert.Equal((one.Loss, one.TestLoss, one.GradientNorm), (other.Loss, other.TestLoss, other.GradientNorm));
            Assert.Equal(one.Statistics.InputImportance, other.Statistics.InputImportance);
            Assert.Equal(Json(one.Statistics), Json(other.Statistics));
        }
    }

    internal static void RunSmall(string argument)
    {
        foreach (var kind in new[] { "any", "few", "closed" })
        {
            using var backend = new DeviceBackend(GpuDevice.Choose("opencl"), shapes: new KernelShapes(4, 8, 16));
            AssertEvolvesAsTheHost(backend, () => Layer(9, 14, 0.4, kind, 2), 0.4);
        }

        Console.WriteLine("as the reference" + argument);
    }

    /// <summary>Starts each kernel of evolution, index and statistics at least once.</summary>
    internal static void StartEverything(DeviceBackend backend)
    {
        foreach (var kind in new[] { "any", "few", "closed" })
        {
            AssertEvolvesAsTheHost(backend, () => Layer(40, 50, 0.3, kind, 2), 0.45);
        }
    }

    private static void AssertEvolvesAsTheHost(DeviceBackend backend, Func<(Connections Layer, OpenNeurons Open)> make, double dropFraction)
    {
        var ((expected, open), (actual, _)) = (make(), make());
        using var expectedIndex = TransposeIndex.Of(expected.Weights);
        using var actualIndex = TransposeIndex.Of(actual.Weights);
        for (var epoch = 1; epoch <= 2; epoch++)
        {
            var version = actual.Weights.PatternVersion;
            var (replaced, explored) = Evolve(TopologyWork.OnHost, expected, open, dropFraction, epoch);
            Assert.Equal((replaced, explored), Evolve(backend.Topology, actual, open, dropFraction, epoch));
            Assert.Equal(replaced > 0, actual.Weights.PatternVersion > version);
            expectedIndex.Rebuild();
            backend.Topology.Rebuild(actualIndex);
            AssertSameStatistics(expected.Weights, backend.Topology, actual.Weights);
        }

        Assert.Equal(Written(expected), Written(actual));
        Assert.Equal(expectedIndex.RowIndices.ToArray(), actualIndex.RowIndices.ToArray());
        Assert.Equal(expectedIndex.Positions.ToArray(), actualIndex.Positions.ToArray());
        Assert.True(actualIndex.IsOf(actual.Weights));
        actual.Weights.Check();
        expected.Dispose();
        actual.Dispose();
    }

    private static void AssertSameStatistics(CsrMatrix w, TopologyWork device, CsrMatrix? onDevice = null)
    {
        var (expected, actual) = (new float[w.Rows], new float[w.Rows]);
        var (expectedDegrees, degrees) = (new int[w.Columns], new int[w.Columns]);
        TopologyWork.OnHost.IncomingStrength(w, expected);
        device.IncomingStrength(onDevice ?? w, actual);
        TopologyWork.OnHost.FanOut(w, expectedDegrees);
        device.FanOut(onDevice ?? w, degrees);
        Assert.Equal(Bits(expected), Bits(actual));
        Assert.Equal(expectedDegrees, degrees);
        Assert.Equal(Bits(TopologyWork.OnHost.OutgoingStrength(w)), Bits(device.OutgoingStrength(onDevice ?? w)));
    }

    /// <returns>How many were replaced; what was explored and what the stream gives next.</returns>
    private static (long Replaced, string Explored) Evolve(TopologyWork work, Connections layer, OpenNeurons open, double dropFraction, long epoch)
    {
        var (explored, stream) = (new ExplorationSketch(), RandomStream.For(9, RandomPurpose.Evolution, epoch));
        var initializer = WeightInitializer.For(WeightDistribution.Normal, layer.Weights.Columns, layer.Weights.Rows, connections: 1);
        var replaced = work.Evolve(layer, dropFraction, initializer, open, explored, ref stream, own: null);
        return (replaced, Convert.ToHexString(explored.State) + stream.NextUInt64());
    }

    private static string Written(Connections layer)
    {
        IEnumerable<long> numbers =
        [
            .. layer.Weights.RowOffsets.ToArray(), .. layer.Weights.ColumnIndices.ToArray(), .. Bits(layer.Weights.Values.Span),
            .. layer.State.SelectMany(slot => Bits(slot.Span)),
        ];
        return string.Join(' ', numbers);
    }

    private static (Connections Layer, OpenNeurons Open) Layer(int rows, int columns, double density, string kind, int slots)
    {
        var weights = Matrix(rows, columns, density, seed: 3);
        foreach (ref var value in weights.Values.Span)
        {
            value = kind switch
            {
                "negative" => -Math.Abs(value) - 0.001f,
                "positive" => Math.Abs(value),
                "zero" => 0,
                "few" => MathF.Round(value * 2),
                "minus zero" => Math.Abs(value) < 0.5f ? -0f : value,
                _ => value,
            };
        }

        var state = Enumerable.Range(1, slots).Select(slot => Buffer([.. Enumerable.Range(1, (int)weights.Nnz).Select(k => (float)k * slot)]));
        var layer = new Connections(weights, [.. state]);
        if (kind is not ("closed" or "empty rows"))
        {
            return (layer, OpenNeurons.All(rows, columns));
        }

        var closedRows = Enumerable.Range(0, rows).Select(row => row % 3 == 0).ToArray();
        var closedColumns = Enumerable.Range(0, columns).Select(column => column % 4 == 1).ToArray();
        ImportancePruning.Remove(layer, closedRows, closedColumns);
        return (layer, kind == "closed" ? new OpenNeurons(closedRows, closedColumns) : OpenNeurons.All(rows, columns));
    }

    private static string Json(NetworkStatistics statistics) => System.Text.Json.JsonSerializer.Serialize(statistics);

    private static (List<EpochResult> Results, byte[] Model) Train(Backend backend, TrainingOptions options, SampleStore data)
    {
        using (backend)
        {
            using var trainer = Trainer.Create(options, data, backend);
            return (TrainingData.TrainToEnd(trainer), TrainingData.Bytes(trainer.WriteModel));
        }
    }
}
