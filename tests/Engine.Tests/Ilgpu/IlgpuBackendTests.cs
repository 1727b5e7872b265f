using ILGPU;
using ILGPU.IR;
using ILGPU.Runtime.CPU;
using SparseService.Engine.Data;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Gpu;
using SparseService.Engine.Ilgpu;
using SparseService.Engine.Ilgpu.Kernels;
using SparseService.Engine.Inference;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Engine.Sparse;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Gpu;
using SparseService.Engine.Tests.Inference;
using SparseService.Engine.Tests.Kernels;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Ilgpu;

public sealed class IlgpuBackendTests : IDisposable
{
    private readonly StoreFiles files = new();

    public static TheoryData<int, int, Summation> Cases => new(
        from batchSize in new[] { 1, 3, 8, 33 }
        from rule in Enumerable.Range(0, DoubleOptimizer.Samples.Length)
        from summation in Enum.GetValues<Summation>()
        select (batchSize, rule, summation));

    public void Dispose() => files.Dispose();

    /// <summary>Groups as a GPU has them, smaller: their threads meet at barriers and share memory.</summary>
    [Theory, MemberData(nameof(Cases))]
    public void Step_CutForAGpu_GivesWhatTheReferenceGives(int batchSize, int rule, Summation summation)
    {
        var step = DoubleOptimizer.Samples[rule];
        using var context = InGroups();
        using var reference = Backend.Create("reference");
        using var backend = new IlgpuBackend(Grouped(context));
        var expected = DeviceStep.Run(reference, batchSize, 0.5, step, summation);
        var actual = DeviceStep.Run(backend, batchSize, 0.5, step, summation);
        Assert.Equal(expected.Count, actual.Count);
        for (var index = 0; index < expected.Count; index++)
        {
            AssertClose(Array.ConvertAll(expected[index], value => (double)value), actual[index], 3e-5);
        }
    }

    [Theory]
    [InlineData(20)]
    [InlineData(64)]
    public void Step_RunAgain_HasTheSameBits(int batchSize)
    {
        using var context = InGroups();
        using var backend = new IlgpuBackend(Grouped(context));
        using var other = new IlgpuBackend(Grouped(context));
        var first = DeviceStep.Run(backend, batchSize, 0.5, DoubleOptimizer.Samples[2]);
        foreach (var again in new[] { backend, other }.Select(one => DeviceStep.Run(one, batchSize, 0.5, DoubleOptimizer.Samples[2])))
        {
            Assert.All(first.Zip(again), pair => Assert.Equal(Bits(pair.First), Bits(pair.Second)));
        }
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd, Summation.Float)]
    [InlineData(OptimizerKind.Adam, Summation.FixedPoint)]
    public void Train_WithEvolutionAndPruning_FollowsTheProcessorAndItself(OptimizerKind optimizer, Summation summation)
    {
        using var data = TrainingData.Quadrants(files, trainRows: 100, testRows: 40);
        var options = TrainingData.Options(2, 20, 16, 2) with
        {
            Summation = summation,
            Optimizer = new OptimizerOptions { Kind = optimizer, LearningRate = 0.02 },
            Pruning = new PruningOptions { StartEpoch = 1, EveryEpochs = 2, Percentile = 10 },
        };
        var (simd, _) = Train(Backend.Create("simd", 1), options, data);
        var (ilgpu, model) = Train(Backend.For(options with { Backend = BackendKind.Ilgpu }, null, 1), options, data);

        Assert.Equal(model, Train(Backend.Create("ilgpu", 1), options, data).Model);
        foreach (var (expected, actual) in simd.Zip(ilgpu))
        {
            Assert.Equal(expected.Loss, actual.Loss, 1e-3 * expected.Loss);
            Assert.Equal(expected.TestLoss, actual.TestLoss, 1e-3 * expected.TestLoss);
            Assert.Equal(expected.GradientNorm, actual.GradientNorm, 1e-2 * expected.GradientNorm);
            Assert.Equal(expected.Nnz, actual.Nnz);
        }
    }

    [Fact]
    public void Inference_SmallNetwork_HasTheSurvivorsOfTheReference()
    {
        int[] widths = [70, 33, 90, 17, 64, 65, 40];
        var inputs = SmallNetworks.Inputs(120, widths[0], seed: 12);
        using var context = InGroups();
        using var reference = SparseInference.Create("reference", 1);
        using var ilgpu = new IlgpuInference(Grouped(context), 1);

        var expected = reference.Run(LayerFeed.Of(SmallNetworks.Layers(widths, seed: 11)), inputs);
        var actual = ilgpu.Run(LayerFeed.Of(SmallNetworks.Layers(widths, seed: 11)), inputs);

        Assert.InRange(expected.Survivors.Count, 1, 119); // else the test could not tell
        Assert.Equal(expected.Survivors, actual.Survivors);
        Assert.Equal(expected.Active, actual.Active);
    }

    [Fact]
    public void SparseForward_PartOfABuffer_IsRefused()
    {
        using var backend = Backend.Create("ilgpu", 1);
        using var w = new CsrMatrix(1, 1, [0, 1], [0], [2f]);
        using var whole = Buffer([3, 4]);
        using var y = Buffer([0]);
        using var part = whole.Window(1, 1);

        var fault = Assert.Throws<ArgumentException>(() => backend.SparseForward(w, [0f], part, y, 1, Activation.Linear));
        Assert.Contains("allowed: whole buffers", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_MoreThanTheDeviceHas_SaysSoAndWhatToDo()
    {
        var fault = Assert.Throws<DeviceMemoryException>(() => IlgpuDevice.Choose().Allocate(1L << 50));
        Assert.Contains("CPUAccelerator (CPU by ILGPU), a buffer of 1,125,899,906,842,624 bytes", fault.Message, StringComparison.Ordinal);
        Assert.Contains("take a smaller batchSize", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Launch_KernelThatDoesNotCompile_NamesIt()
    {
        using var context = InGroups(); // of its own: what failed in one is not forgotten
        var fault = Assert.Throws<KernelBuildException>(() => Grouped(context).Launch(default(AsksForTime), 1));
        Assert.Contains("kernel AsksForTime", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Use the backend opencl or simd", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CUDA_ERROR_OUT_OF_MEMORY", typeof(DeviceMemoryException), "memory is full")]
    [InlineData("CUDA_ERROR_ILLEGAL_ADDRESS", typeof(DeviceLostException), "go on from the newest checkpoint")]
    [InlineData("CUDA_ERROR_LAUNCH_TIMEOUT", typeof(DeviceLostException), "restart this process")]
    [InlineData("CUDA_ERROR_INVALID_VALUE", typeof(DeviceException), "a fault of the program")]
    public void Fault_OfAName_SaysWhatToDo(string error, Type type, string words)
    {
        var fault = IlgpuFault.OfCuda(error, "card 7", "kernel SparseForward");
        Assert.IsType(type, fault);
        Assert.StartsWith($"card 7, kernel SparseForward: {error}", fault.Message, StringComparison.Ordinal);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SeveralWorkers_AreRefused()
    {
        using var backend = Backend.Create("ilgpu", 1);
        using var data = TrainingData.Quadrants(files);
        var options = TrainingData.Options(2, 20, 2) with { Parallel = new ParallelTrainingOptions { Method = ParallelMethod.Wasap, Workers = 2 } };
        var setup = new TrainingSetup { Options = options, Data = data, DataPath = files.Store, Backend = backend };

        Assert.Equal(("$.training.backend", "ilgpu"), Place(Assert.Throws<InvalidSpecException>(() => Trainings.Open(setup)).Faults));
        Assert.Equal(("$.training.backend", "ilgpu"), Place(TrainingOptionsValidator.Validate(options with { Backend = BackendKind.Ilgpu })));
        using var instead = Backend.For(options, "ilgpu", 1);
        Assert.Equal("simd", instead.Name);

        static (string, string) Place(IReadOnlyList<SpecFault> faults) => (faults.Single().Path, faults.Single().Value);
    }

    private static Context InGroups() => Context.Create(builder =>
    {
        builder.CPU(new CPUDevice(numThreadsPerWarp: 4, numWarpsPerMultiprocessor: 4, numMultiprocessors: 1));
        Fused.Register(builder.GetIntrinsicManager());
    });

    private static IlgpuDevice Grouped(Context context) => IlgpuDevice.Open(context.Devices[0], context, new KernelShapes(WidestRegister: 1, MostLanes: 8, GroupItems: 16));

    private static (List<EpochResult> Results, byte[] Model) Train(Backend backend, TrainingOptions options, SampleStore data)
    {
        using (backend)
        {
            using var trainer = Trainer.Create(options, data, backend);
            return (TrainingData.TrainToEnd(trainer), TrainingData.Bytes(trainer.WriteModel));
        }
    }

    private readonly struct AsksForTime : IKernel
    {
        public void Execute(long row, int column) => Console.WriteLine(Environment.TickCount64);
    }
}
