using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;
using SparseService.Jobs.Queue;
using SparseService.Persistence.Blobs;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Training;

/// <summary>A trainer with the data and the backend that it stands on.</summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly DatasetHold hold;
    private readonly SampleStore data;
    private readonly Backend backend;

    private TrainingSession(DatasetHold hold, SampleStore data, Backend backend, Trainer trainer, long savedStep)
    {
        this.hold = hold;
        this.data = data;
        this.backend = backend;
        Trainer = trainer;
        SavedStep = savedStep;
    }

    public Trainer Trainer { get; }

    public string BackendName => backend.Name;

    public int Threads => backend.Threads;

    /// <summary>Step of the newest checkpoint that was drafted or resumed from.</summary>
    public long SavedStep { get; private set; }

    /// <param name="hold">Taken over.</param>
    /// <param name="resumeFrom">A verified checkpoint, or null for fresh weights; stays the caller's.</param>
    public static TrainingSession Open(DatasetHold hold, TrainingRun run, Stream? resumeFrom, string? backendName, int threads)
    {
        SampleStore? data = null;
        Backend? backend = null;
        try
        {
            data = SampleStore.Open(hold.Path);
            backend = Backend.Create(backendName, threads);
            // Only a fork has other options than its checkpoint.
            var overrides = run.ForkedFromCheckpointId is null ? null : run.Spec.Training;
            var trainer = resumeFrom is null
                ? Trainer.Create(run.Spec.Training, data, backend)
                : Trainer.Resume(resumeFrom, data, backend, overrides);
            return new TrainingSession(hold, data, backend, trainer, resumeFrom is null ? 0 : trainer.Step);
        }
        catch
        {
            backend?.Dispose();
            data?.Dispose();
            hold.Dispose();
            throw;
        }
    }

    /// <summary>Trains on a thread of its own until the end or until the lease is interrupted.</summary>
    /// <param name="patience">Ends the wait for a full spool. The lease's own token must not: an epoch that was trained is recorded before any checkpoint after it.</param>
    /// <returns>True when the last epoch is done and handed to the recorder.</returns>
    public Task<bool> TrainAsync(RunRecorder recorder, StepFeed steps, RunLease lease, string spoolFolder, CancellationToken patience) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                while (!Trainer.IsFinished)
                {
                    var result = Trainer.TrainEpoch(steps.OnStep, lease.Interrupted);
                    recorder.Add(Draft(result, spoolFolder), patience);
                }

                return true;
            }
            catch (OperationCanceledException) when (lease.Interrupted.IsCancellationRequested)
            {
                return false;
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    /// <summary>The state between two steps, or null when the newest checkpoint has it already.</summary>
    public CheckpointDraft? DraftInterruption(string spoolFolder)
    {
        if (Trainer.Step == SavedStep)
        {
            return null;
        }

        SavedStep = Trainer.Step;
        return CheckpointWriter.Draft(Trainer, null, spoolFolder);
    }

    public void Dispose()
    {
        Trainer.Dispose();
        backend.Dispose();
        data.Dispose();
        hold.Dispose();
    }

    private EpochRecord Draft(EpochResult result, string spoolFolder)
    {
        CheckpointDraft? checkpoint = null;
        if (Trainer.IsFinished || result.Epoch % Trainer.Options.Checkpoints.EveryEpochs == 0)
        {
            checkpoint = CheckpointWriter.Draft(Trainer, result, spoolFolder);
            SavedStep = Trainer.Step;
        }

        return new EpochRecord
        {
            Result = result,
            WorkerBytes = Environment.WorkingSet,
            Checkpoint = checkpoint,
            Model = Trainer.IsFinished ? DraftModel(spoolFolder) : null,
        };
    }

    private ModelDraft DraftModel(string spoolFolder)
    {
        var bytes = SpoolFile.Create(spoolFolder);
        Trainer.WriteModel(bytes);
        var layers = Trainer.Options.Network.Layers;
        var biases = layers.Skip(1).Sum(width => (long)width);
        return new ModelDraft(
            Guid.CreateVersion7(), Trainer.Nnz, Trainer.DenseParameters, (Trainer.DenseParameters + biases) * sizeof(float),
            layers[0], layers[^1], data.ClassNames, bytes);
    }
}
