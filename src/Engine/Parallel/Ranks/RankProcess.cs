using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using System.Text.Json;
using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Mpi;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>One process of an mpirun that <see cref="MpiTraining"/> has started: a rank and nothing else.</summary>
public sealed class RankProcess : IDisposable
{
    /// <summary>First argument of a process that is a rank.</summary>
    public const string Verb = "rank";

    internal const string SetupFile = "setup.json";

    // So that what happened is told everywhere before mpirun, which sees one rank end, ends the others.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(0.5);

    private readonly string folder;
    private readonly RankSetup setup;
    private readonly BlockingCollection<ControlOrder> orders = [];
    private readonly object turn = new();
    private ControlLines? control;
    private MpiCommunicator? ranks;
    private RankFault? failure;
    private CancellationTokenSource? epoch;
    private long cancelled;

    private RankProcess(string folder)
    {
        this.folder = folder;
        setup = JsonSerializer.Deserialize<RankSetup>(File.ReadAllBytes(Path.Combine(folder, SetupFile)), RankJson.Options)!;
    }

    /// <summary>The command that makes the running program a rank, to be followed by a folder.</summary>
    public static IReadOnlyList<string> OwnCommand()
    {
        var program = Environment.ProcessPath ?? "dotnet";
        return Path.GetFileNameWithoutExtension(program) == "dotnet" && Assembly.GetEntryAssembly()?.Location is { Length: > 0 } assembly
            ? [program, assembly, Verb]
            : [program, Verb];
    }

    /// <summary>Is a rank until the training ends.</summary>
    /// <param name="arguments">Those behind <see cref="Verb"/>.</param>
    /// <returns>The process's exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments)
    {
        if (arguments.Count != 1)
        {
            Console.Error.WriteLine("A rank is started by mpirun for a training, with the training's folder and nothing else.");
            return 2;
        }

        using var process = new RankProcess(arguments[0]);
        try
        {
            process.Work();
            return 0;
        }
        catch (Exception fault)
        {
            process.Fail(fault);
            return 1;
        }
    }

    public void Dispose()
    {
        control?.Dispose();
        orders.Dispose();
    }

    private void Work()
    {
        var silence = TimeSpan.FromSeconds(setup.SilenceSeconds);
        ranks = MpiCommunicator.Join(silence, OnFailure);
        if (ranks.Rank == 0)
        {
            ConnectControl();
        }

        // None begins before rank 0 can be heard: else the fault of a rank that fails at once would be told to nobody, and pass for that of
        // a lost process.
        ranks.Barrier();
        ranks.Counters.Take();

        using (var data = SampleStore.Open(setup.DataPath))
        {
            RequireSame(data);
            using var backend = Backend.Create(setup.Backend, setup.Threads);
            using var training = Open(data, backend);
            if (ranks.Rank == 0)
            {
                Obey(new RankedTraining(ranks, training));
            }
            else
            {
                RankedTraining.Serve(ranks, training);
            }
        }

        ranks.Dispose();
    }

    private void RequireSame(SampleStore data)
    {
        if (data.ContentHash != setup.DataHash)
        {
            throw new InvalidDataException(
                $"Rank {ranks!.Rank} on {Environment.MachineName} finds data {data.ContentHash} at {setup.DataPath}; allowed: {setup.DataHash}");
        }
    }

    private IRankTraining Open(SampleStore data, Backend backend)
    {
        using var checkpoint = setup.CheckpointPath is { } path ? File.OpenRead(path) : null;
        return RankTrainings.Open(ranks!, setup.Options, data, backend, checkpoint, setup.Overrides);
    }

    private void ConnectControl()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(setup.Socket));
        control = new ControlLines(socket);
        new Thread(HearOrders) { IsBackground = true, Name = "control" }.Start();
    }

    // Beside the training, so that a cancel comes through, and the end of the process that started the ranks.
    private void HearOrders()
    {
        while (control!.Receive<ControlOrder>() is { } order)
        {
            if (order.Command == ControlCommand.Cancel)
            {
                lock (turn)
                {
                    cancelled = order.Number;
                    epoch?.Cancel();
                }
            }
            else
            {
                orders.Add(order);
                if (order.Command == ControlCommand.End)
                {
                    return;
                }
            }
        }

        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Fail(new IOException("the process that started the ranks is gone"));
    }

    private void Obey(RankedTraining training)
    {
        control!.Send(new ControlAnswer { State = TrainingState.Of(training) with { Options = training.Options } });
        foreach (var order in orders.GetConsumingEnumerable())
        {
            switch (order.Command)
            {
                case ControlCommand.Epoch:
                    control.Send(new ControlAnswer { Epoch = TrainEpoch(training, order.Number), State = TrainingState.Of(training) });
                    break;
                case ControlCommand.Checkpoint:
                    Write(order.Path!, training.WriteCheckpoint);
                    control.Send(new ControlAnswer { State = TrainingState.Of(training) });
                    break;
                case ControlCommand.Model:
                    Write(order.Path!, training.WriteModel);
                    control.Send(new ControlAnswer { State = TrainingState.Of(training) });
                    break;
                default:
                    training.End();
                    return;
            }
        }
    }

    private EpochResult? TrainEpoch(RankedTraining training, long number)
    {
        var steps = new StepBatches(batch => control!.Send(new ControlAnswer { Steps = batch }));
        using var cancellation = new CancellationTokenSource();
        lock (turn)
        {
            epoch = cancellation;
            if (cancelled == number)
            {
                return null;
            }
        }

        try
        {
            return training.TrainEpoch(steps.Add, cancellation.Token);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            lock (turn)
            {
                epoch = null;
            }

            steps.Flush();
        }
    }

    private static void Write(string path, Action<Stream> write)
    {
        using var file = File.Create(path);
        write(file);
    }

    private void Fail(Exception fault)
    {
        if (ranks is null || ranks.Size == 1)
        {
            OnFailure(RankFault.Of(ranks?.Rank ?? NumberByMpirun(), fault));
        }
        else
        {
            ranks.Abort(fault);
        }

        // What follows comes from OnFailure, which every rank's failure leads to.
        using var never = new ManualResetEventSlim();
        never.Wait();
    }

    // Before MPI has begun.
    private static int NumberByMpirun() =>
        int.TryParse(Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_RANK"), NumberStyles.None, CultureInfo.InvariantCulture, out var rank) ? rank : 0;

    // On any thread, also while this rank is deep in its own work.
    private void OnFailure(RankFault first)
    {
        lock (turn)
        {
            if (failure is not null)
            {
                return;
            }

            failure = first;
        }

        Console.Error.WriteLine($"Rank {first.Rank}: {first.Message}");
        try
        {
            control?.Send(new ControlAnswer { Fault = first });
        }
        catch (IOException)
        {
            // Nobody is there to be told.
        }

        using var never = new ManualResetEventSlim();
        never.Wait(LastWords);
        Environment.Exit(1);
    }
}
