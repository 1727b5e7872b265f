using System.Net.Sockets;
using System.Text.Json;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>A training whose ranks are processes of an mpirun that this one starts, steers and outlives.</summary>
internal sealed class MpiTraining : ITraining
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private readonly DirectoryInfo folder;
    private readonly MpiProcess mpirun;
    private readonly ControlLines control;
    private readonly CheckpointCopy? checkpoint;
    private TrainingState state;
    private long epochs;
    private bool hasFailed;
    private bool isDisposed;

    private MpiTraining(DirectoryInfo folder, MpiProcess mpirun, ControlLines control, CheckpointCopy? checkpoint)
    {
        (this.folder, this.mpirun, this.control, this.checkpoint) = (folder, mpirun, control, checkpoint);
        state = Answer(null).State!;
        Options = state.Options!;
        checkpoint?.Dispose(); // Every rank has read it.
    }

    public TrainingOptions Options { get; }

    public int EpochsDone => state.EpochsDone;

    public long Step => state.Step;

    public int StepsPerEpoch => state.StepsPerEpoch;

    public bool IsFinished => state.IsFinished;

    public long Nnz => state.Nnz;

    public long DenseParameters => state.DenseParameters;

    public static MpiTraining Open(TrainingSetup setup)
    {
        // The socket's path has to be short.
        var folder = Directory.CreateTempSubdirectory("sparse-mpi-");
        var shared = setup.Mpi.Folder is { } wanted ? Directory.CreateDirectory(Path.Combine(wanted, folder.Name)) : folder;
        CheckpointCopy? checkpoint = null;
        MpiProcess? mpirun = null;
        ControlLines? control = null;
        try
        {
            checkpoint = CheckpointCopy.Of(setup.Checkpoint, shared.FullName);
            var socket = Path.Combine(folder.FullName, "control");
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(socket));
            listener.Listen(1);
            WriteSetup(setup, shared, socket, checkpoint);
            mpirun = MpiProcess.Start(setup.Mpi, setup.Workers, [.. setup.Mpi.Program ?? RankProcess.OwnCommand(), shared.FullName]);
            control = Accept(listener, mpirun);
            return new MpiTraining(shared, mpirun, control, checkpoint);
        }
        catch
        {
            mpirun?.Dispose();
            control?.Dispose();
            checkpoint?.Dispose();
            Remove(shared);
            throw;
        }
        finally
        {
            Remove(folder.FullName == shared.FullName ? null : folder);
        }
    }

    public EpochResult TrainEpoch(Action<StepResult>? onStep = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var number = ++epochs;
        Order(new ControlOrder(ControlCommand.Epoch, number));
        ControlAnswer answer;
        using (cancellationToken.Register(() => TryOrder(new ControlOrder(ControlCommand.Cancel, number))))
        {
            answer = Answer(onStep);
        }

        state = answer.State!;
        if (answer.Epoch is null)
        {
            throw new OperationCanceledException(cancellationToken);
        }

        return answer.Epoch;
    }

    public void WriteCheckpoint(Stream destination) => Write(ControlCommand.Checkpoint, destination);

    public void WriteModel(Stream destination) => Write(ControlCommand.Model, destination);

    public void Dispose()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        if (!hasFailed)
        {
            TryOrder(new ControlOrder(ControlCommand.End));
            mpirun.WaitForExit(EndPatience);
        }

        mpirun.Dispose();
        control.Dispose();
        checkpoint?.Dispose();
        Remove(folder);
    }

    private static void WriteSetup(TrainingSetup setup, DirectoryInfo folder, string socket, CheckpointCopy? checkpoint) => File.WriteAllBytes(
        Path.Combine(folder.FullName, RankProcess.SetupFile),
        JsonSerializer.SerializeToUtf8Bytes(
            new RankSetup
            {
                Options = setup.Options,
                Overrides = setup.Overrides,
                DataPath = setup.DataPath,
                DataHash = setup.Data.ContentHash,
                CheckpointPath = checkpoint?.Path,
                Backend = setup.Backend.Name,
                Threads = setup.ThreadsPerRank,
                SilenceSeconds = setup.Mpi.SilenceSeconds,
                Socket = socket,
            },
            RankJson.Options));

    private static ControlLines Accept(Socket listener, MpiProcess mpirun)
    {
        var patience = (int)(StartPatience / LookInterval);
        while (!listener.Poll(LookInterval, SelectMode.SelectRead))
        {
            if (mpirun.HasExited)
            {
                mpirun.WaitForExit(EndPatience);
                throw Lost(mpirun, $"mpirun has ended with code {mpirun.ExitCode} before its ranks had begun");
            }

            if (--patience == 0)
            {
                throw Lost(mpirun, $"rank 0 has not begun within {StartPatience.TotalMinutes:0} min");
            }
        }

        return new ControlLines(listener.Accept());
    }

    private static void Remove(DirectoryInfo? folder)
    {
        try
        {
            folder?.Delete(recursive: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A temporary folder that stays behind is no reason to lose a training.
        }
    }

    private static RankFailedException Lost(MpiProcess mpirun, string otherwise)
    {
        var (rank, reason) = mpirun.ExitOfARank() ?? (0, otherwise);
        return new RankFailedException(rank, $"{reason}\n{mpirun.Output}".TrimEnd());
    }

    private void Write(ControlCommand command, Stream destination)
    {
        var path = Path.Combine(folder.FullName, $"{Guid.NewGuid():N}");
        Order(new ControlOrder(command, Path: path));
        state = Answer(null).State!;
        using (var file = File.OpenRead(path))
        {
            file.CopyTo(destination);
        }

        File.Delete(path);
    }

    private void Order(ControlOrder order)
    {
        if (!TryOrder(order))
        {
            throw Failure(null);
        }
    }

    private bool TryOrder(ControlOrder order)
    {
        try
        {
            control.Send(order);
            return true;
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    private ControlAnswer Answer(Action<StepResult>? onStep)
    {
        while (true)
        {
            var answer = control.Receive<ControlAnswer>();
            if (answer is null or { Fault: not null })
            {
                throw Failure(answer?.Fault);
            }

            if (answer.Steps is null)
            {
                return answer;
            }

            foreach (var step in answer.Steps)
            {
                onStep?.Invoke(step);
            }
        }
    }

    // What the ranks say and what mpirun has seen: a rank that was killed can say nothing, and the others see only that it is gone.
    private Exception Failure(RankFault? fault)
    {
        hasFailed = true;
        var ended = mpirun.WaitForExit(EndPatience);
        if (fault is not null)
        {
            return ended && mpirun.ExitOfARank() is { } exit && exit.Rank == fault.Rank && exit.Reason.Contains("signal", StringComparison.Ordinal)
                ? new RankFailedException(exit.Rank, exit.Reason)
                : fault.ToException();
        }

        return Lost(mpirun, "its process has ended");
    }
}
