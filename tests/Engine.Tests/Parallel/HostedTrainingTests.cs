using System.Diagnostics;
using System.Globalization;
using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Training;
using SparseService.Shared;

namespace SparseService.Engine.Tests.Parallel;

/// <summary>Trainings of several ranks as worker and <c>sparse train</c> open them.</summary>
[Collection(Alone.Name)]
public sealed class HostedTrainingTests : IDisposable
{
    private const int Workers = 3;

    private readonly StoreFiles files = new();
    private readonly SampleStore data;
    private readonly Backend backend = Backend.Create("simd", threads: 1);

    public HostedTrainingTests()
    {
        GeneratedDatasets.ToStore(new GeneratedDataset { Kind = GeneratedDatasetKind.Glyphs, TrainSamples = 1500, TestSamples = 100 }, files.Store, TestContext.Current.CancellationToken);
        data = SampleStore.Open(files.Store);
    }

    public static TheoryData<string> Transports => [.. RankGroup.Transports];

    public void Dispose()
    {
        backend.Dispose();
        data.Dispose();
        files.Dispose();
    }

    [Theory, MemberData(nameof(Transports))]
    public void Train_ToTheEnd_LossesAreThoseOfOneWorker(string transport)
    {
        var expected = Losses(Trainings.Open(Setup(transport) with { Options = Options(transport) with { Parallel = null } }));

        var losses = Losses(Open(transport));

        Assert.Equal(expected.Length, losses.Length);
        Assert.All(expected.Zip(losses), pair => Assert.InRange(pair.Second / pair.First, 1 - 1e-4, 1 + 1e-4));
    }

    [Theory, MemberData(nameof(Transports))]
    public void Cancel_InMidEpoch_TheCheckpointGoesOnToTheSameModel(string transport)
    {
        SkipWithout(transport);
        // Steps enough to be interrupted: those of ranks that are processes are heard of twenty times a second.
        var setup = Setup(transport) with { Options = Options(transport) with { BatchSize = 1 } };
        var whole = Model(Trainings.Open(setup));
        using var checkpoint = new MemoryStream();
        using (var training = Trainings.Open(setup))
        {
            using var stop = new CancellationTokenSource();
            var seen = new List<StepResult>();
            training.TrainEpoch(seen.Add, TestContext.Current.CancellationToken);
            Assert.Equal(Enumerable.Range(1, training.StepsPerEpoch), seen.Select(step => (int)step.Step));
            Assert.Throws<OperationCanceledException>(() => training.TrainEpoch(_ => stop.Cancel(), stop.Token));

            Assert.InRange(training.Step, training.StepsPerEpoch, (2L * training.StepsPerEpoch) - 1);
            Assert.Equal(1, training.EpochsDone);
            training.WriteCheckpoint(checkpoint);
        }

        checkpoint.Position = 0;
        Assert.Equal(whole, Model(Trainings.Open(setup with { Checkpoint = checkpoint })));
    }

    [Theory, MemberData(nameof(Transports))]
    public void Open_OptionsThatDoNotFitTheData_SaysWhich(string transport)
    {
        SkipWithout(transport);
        var options = Options(transport);
        var setup = Setup(transport) with { Options = options with { Network = options.Network with { Layers = [784, 30, 9] } } };

        var fault = Assert.Throws<InvalidSpecException>(() => Trainings.Open(setup));

        Assert.Contains("$.training.network.layers[2]", fault.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Transports))]
    public void Train_RateThatDiverges_SaysSoAsOneWorkerWould(string transport)
    {
        SkipWithout(transport);
        var options = Options(transport);
        using var training = Trainings.Open(
            Setup(transport) with { Options = options with { Epochs = 50, Optimizer = new OptimizerOptions { LearningRate = 100, Momentum = 0.99 } } });

        Assert.Throws<TrainingDivergedException>(() => Losses(training));
    }

    [Fact]
    public void Kill_EachRankInMidEpoch_FailsTheTrainingAndNamesTheRank()
    {
        for (var rank = 0; rank < Workers; rank++)
        {
            using var training = Open("mpi", epochs: 10_000);
            var ranks = RankProcesses.Of(Environment.ProcessId);
            Assert.Equal(Workers, ranks.Count);
            training.TrainEpoch(null, TestContext.Current.CancellationToken);
            var started = 0L;

            var fault = Assert.Throws<RankFailedException>(() => Losses(training, step =>
            {
                if (started == 0)
                {
                    started = Stopwatch.GetTimestamp();
                    RankProcesses.Kill(ranks[rank]);
                }
            }));

            Assert.Equal(rank, fault.Rank);
            Assert.Contains("signal 9", fault.Message, StringComparison.Ordinal);
            Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 20);
            Assert.Empty(RankProcesses.Alive(ranks.Values));
        }
    }

    [Fact]
    public void Open_ByMpirun_IsBeyondTheCtrlCOfATerminal()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/setsid"), "There is no setsid");
        using var training = Open("mpi");
        var mpirun = StatusOf(RankProcesses.Of(Environment.ProcessId)[0]).Parent;

        Assert.NotEqual(StatusOf(Environment.ProcessId).Session, StatusOf(mpirun).Session);
    }

    [Fact]
    public void Open_OtherDataUnderTheSamePath_IsRefused()
    {
        SkipWithout("mpi");
        using var other = new StoreFiles();
        GeneratedDatasets.ToStore(new GeneratedDataset { Kind = GeneratedDatasetKind.Glyphs, TrainSamples = 1500, TestSamples = 100, Seed = 9 }, other.Store, TestContext.Current.CancellationToken);

        var fault = Assert.Throws<InvalidDataException>(() => Trainings.Open(Setup("mpi") with { DataPath = other.Store }));

        Assert.Contains(data.ContentHash, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_WithoutMpirun_SaysWhatToInstall()
    {
        var fault = Assert.Throws<RankFailedException>(() => Trainings.Open(Setup("mpi") with { Mpi = new MpiSettings { Mpirun = "no-such-mpirun" } }));

        Assert.Contains("no-such-mpirun", fault.Message, StringComparison.Ordinal);
        Assert.Contains("openmpi-bin", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ProgramThatIsNoRank_SaysWhatItPrinted()
    {
        SkipWithout("mpi");
        var fault = Assert.Throws<RankFailedException>(
            () => Trainings.Open(Setup("mpi") with { Mpi = new MpiSettings { Program = ["sh", "-c", "echo no luck here; exit 7"] } }));

        Assert.Contains("mpirun has ended with code 7", fault.Message, StringComparison.Ordinal);
        Assert.Contains("no luck here", fault.Message, StringComparison.Ordinal);
    }

    // Behind the name, which stands in parentheses: state, parent, process group, session.
    private static (int Parent, int Session) StatusOf(int process)
    {
        var status = File.ReadAllText($"/proc/{process}/stat");
        var numbers = status[(status.LastIndexOf(')') + 2)..].Split(' ');
        return (int.Parse(numbers[1], CultureInfo.InvariantCulture), int.Parse(numbers[3], CultureInfo.InvariantCulture));
    }

    private static void SkipWithout(string transport)
    {
        if (transport == "mpi")
        {
            RankGroup.SkipWithoutMpi();
        }
    }

    private static double[] Losses(ITraining training, Action<StepResult>? onStep = null)
    {
        using (training)
        {
            var losses = new List<double>();
            while (!training.IsFinished)
            {
                losses.Add(training.TrainEpoch(onStep, TestContext.Current.CancellationToken).Loss);
            }

            return [.. losses];
        }
    }

    private static byte[] Model(ITraining training)
    {
        using var model = new MemoryStream();
        using (training)
        {
            while (!training.IsFinished)
            {
                training.TrainEpoch(null, TestContext.Current.CancellationToken);
            }

            training.WriteModel(model);
        }

        return model.ToArray();
    }

    private static TrainingOptions Options(string transport, int epochs = 4) => new()
    {
        Epochs = epochs,
        BatchSize = 20,
        Dropout = 0.2,
        Network = new NetworkOptions { Layers = [784, 60, 40, 10], Topology = new TopologyOptions { Epsilon = 8 } },
        Parallel = new ParallelTrainingOptions
        {
            Method = ParallelMethod.Partitioned,
            Workers = Workers,
            Transport = transport == "mpi" ? ParallelTransport.Mpi : ParallelTransport.Threads,
        },
    };

    private ITraining Open(string transport, int epochs = 4)
    {
        SkipWithout(transport);
        return Trainings.Open(Setup(transport, epochs));
    }

    private TrainingSetup Setup(string transport, int epochs = 4) => new()
    {
        Options = Options(transport, epochs), Data = data, DataPath = files.Store, Backend = backend,
    };
}
