using System.Diagnostics;
using SparseService.Cli.Files;
using SparseService.Cli.Machine;
using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Engine.Training;

namespace SparseService.Cli.Training;

/// <summary>Trains in this process, without the service.</summary>
internal sealed class LocalTraining(TrainRequest request, TrainOutput output)
{
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint, if one was asked for, is written.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        RequireFolderOf(request.CheckpointPath);
        RequireFolderOf(request.ModelPath);
        using var backend = CreateBackend();
        var path = FindData(cancellationToken);
        using var data = SampleStore.Open(path);
        using var trainer = Open(path, data, backend);
        output.Say($"{data.TrainRows:N0} training rows, {data.Rows - data.TrainRows:N0} test rows, {data.Features:N0} features, "
            + $"{data.Classes} classes; backend {backend.Name}");

        var watch = Stopwatch.StartNew();
        EpochResult? last = null;
        double? best = null;
        await ShowAsync(trainer, () =>
        {
            while (!trainer.IsFinished)
            {
                last = TrainEpoch(trainer, cancellationToken);
                best = last.TestAccuracy is { } accuracy ? Math.Max(best ?? 0, accuracy) : best;
                output.Epoch(EpochNews.Of(last));
                if (trainer.IsFinished || trainer.EpochsDone % trainer.Options.Checkpoints.EveryEpochs == 0)
                {
                    WriteCheckpoint(trainer);
                }
            }

            return Task.CompletedTask;
        });

        var modelBytes = WriteModel(trainer);
        if (last is null)
        {
            throw new CliFault($"{request.ResumePath} is finished: all its {trainer.EpochsDone} epochs are done.", ExitCode.BadInput);
        }

        var layers = last.Statistics.Layers;
        output.Done(new TrainSummary(
            last.TestAccuracy, best, layers.Sum(layer => layer.Nnz - layer.PrunedConnections),
            layers.Sum(layer => (long)layer.Inputs * layer.Outputs), modelBytes, PeakMemory.Bytes(), watch.Elapsed.TotalSeconds));
        return ExitCode.Done;
    }

    private Backend CreateBackend()
    {
        try
        {
            return request.Backend is null
                ? Backend.For(request.Spec.Training, null, request.Threads)
                : Backend.Create(request.Backend, request.Threads);
        }
        catch (ArgumentException fault)
        {
            // Spec and option are checked before; the environment's variable is not.
            throw new CliFault(fault.Message, ExitCode.BadInput);
        }
    }

    private async Task ShowAsync(ITraining trainer, Func<Task> training)
    {
        try
        {
            await output.ShowAsync(trainer.Options.Epochs, training);
        }
        catch (OperationCanceledException) when (request.CheckpointPath is not null)
        {
            // Said when the progress bar is gone, which would wipe it out.
            Console.Error.WriteLine($"Stopped in epoch {trainer.EpochsDone + 1}. Go on with --resume {request.CheckpointPath}");
            throw;
        }
    }

    private EpochResult TrainEpoch(ITraining trainer, CancellationToken cancellationToken)
    {
        try
        {
            return trainer.TrainEpoch(output.Step, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            WriteCheckpoint(trainer);
            throw;
        }
    }

    private string FindData(CancellationToken cancellationToken)
    {
        if (request.Data is { } path)
        {
            return DatasetCache.Find(path, cancellationToken);
        }

        var reference = request.Spec.Dataset;
        return reference?.Generated is { } generated
            ? DatasetCache.Find(generated, cancellationToken)
            : throw new CliFault(
                $"$.dataset is {(reference is null ? "absent" : $"an uploaded dataset ({reference.Name ?? reference.Id?.ToString()})")}; "
                + "allowed: a generated dataset, or a folder or file named by --data PATH", ExitCode.BadInput);
    }

    private ITraining Open(string path, SampleStore data, Backend backend)
    {
        var setup = new TrainingSetup
        {
            Options = request.Spec.Training, Data = data, DataPath = path, Backend = backend, Mpi = request.Mpi,
        };
        if (request.ResumePath is null)
        {
            return Trainings.Open(setup);
        }

        using var checkpoint = OpenFile(request.ResumePath);
        try
        {
            return Trainings.Open(setup with { Options = CheckpointFile.ReadOptions(checkpoint), Checkpoint = checkpoint });
        }
        catch (InvalidDataException fault)
        {
            throw new CliFault($"--resume is {request.ResumePath}, which is no checkpoint: {fault.Message}", ExitCode.BadInput);
        }
    }

    // Before the training, not after it.
    private static void RequireFolderOf(string? path)
    {
        if (path is not null && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
        {
            throw new CliFault($"{path} cannot be written: there is no such folder.", ExitCode.BadInput);
        }
    }

    private void WriteCheckpoint(ITraining trainer)
    {
        if (request.CheckpointPath is { } path)
        {
            Write(path, trainer.WriteCheckpoint);
        }
    }

    private long WriteModel(ITraining trainer)
    {
        if (request.ModelPath is { } path)
        {
            Write(path, trainer.WriteModel);
            return new FileInfo(path).Length;
        }

        using var counter = new CountingStream();
        trainer.WriteModel(counter);
        return counter.Length;
    }

    // Whoever finds the file finds all of it, also after a crash.
    private static void Write(string path, Action<Stream> write)
    {
        var fresh = $"{path}.{Environment.ProcessId}.new";
        try
        {
            using (var stream = File.Create(fresh))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(fresh))
            {
                File.Delete(fresh);
            }

            throw new CliFault($"{path} cannot be written: {fault.Message}");
        }
    }

    private static FileStream OpenFile(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CliFault($"{path} cannot be read: {fault.Message}", ExitCode.BadInput);
        }
    }
}
