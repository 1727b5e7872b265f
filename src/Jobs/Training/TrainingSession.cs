using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Engine.Training;
using SparseService.Jobs.Hosting;
using SparseService.Jobs.Queue;
using SparseService.Persistence.Blobs;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Training;

/// <summary>A training with the data and the backend that it stands on.</summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly DatasetHold hold;
    private readonly SampleStore data;
    private readonly Backend backend;

    private TrainingSession(DatasetHold hold, SampleStore data, Backend backend, ITraining training, long savedStep)
    {
        this.hold = hold;
        this.data = data;
        this.backend = backend;
        Training = training;
        SavedStep = savedStep;
    }

    public ITraining Training { get; }

    public string BackendName => backend.Name;

    public int Threads => backend.Threads;

    /// <summary>Step of the newest checkpoint that was drafted or resumed from.</summary>
    public long SavedStep { get; private set; }

    /// <param name="hold">Taken over.</param>
    /// <param name="resumeFrom">A verified checkpoint, or null for fresh weights; stays the caller's.</param>
    public static TrainingSession Open(DatasetHold hold, TrainingRun run, Stream? resumeFrom, WorkerOptions options)
    {
        SampleStore? data = null;
        Backend? backend = null;
        try
        {
            data = SampleStore.Open(hold.Path);
            backend = Backend.For(run.Spec.Training, options.Backend, options.ThreadsPerRun);
            var training = Trainings.Open(new TrainingSetup
            {
                Options = run.Spec.Training,
                Data = data,
                DataPath = hold.Path,
                Backend = backend,
                Checkpoint = resumeFrom,
                // Only a fork has other options than its checkpoint.
                Overrides = run.ForkedFromCheckpointId is null ? null : run.Spec.Training,
                Mpi = options.Mpi,
            });
            return new TrainingSession(hold, data, backend, training, resumeFrom is null ? 0 : training.Step);
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
                while (!Training.IsFinished)
                {
                    var result = Training.TrainEpoch(steps.OnStep, lease.Interrupted);
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
        if (Training.Step == SavedStep)
        {
            return null;
        }

        SavedStep = Training.Step;
        return CheckpointWriter.Draft(Training, null, spoolFolder);
    }

    public void Dispose()
    {
        Training.Dispose();
        backend.Dispose();
        data.Dispose();
        hold.Dispose();
    }

    private EpochRecord Draft(EpochResult result, string spoolFolder)
    {
        CheckpointDraft? checkpoint = null;
        if (Training.IsFinished || result.Epoch % Training.Options.Checkpoints.EveryEpochs == 0)
        {
            checkpoint = CheckpointWriter.Draft(Training, result, spoolFolder);
            SavedStep = Training.Step;
        }

        return new EpochRecord
        {
            Result = result,
            WorkerBytes = Environment.WorkingSet,
            Checkpoint = checkpoint,
            Model = Training.IsFinished ? DraftModel(spoolFolder) : null,
        };
    }

    private ModelDraft DraftModel(string spoolFolder)
    {
        var bytes = SpoolFile.Create(spoolFolder);
        Training.WriteModel(bytes);
        var layers = Training.Options.Network.Layers;
        var biases = layers.Skip(1).Sum(width => (long)width);
        return new ModelDraft(
            Guid.CreateVersion7(), Training.Nnz, Training.DenseParameters, (Training.DenseParameters + biases) * sizeof(float),
            layers[0], layers[^1], data.ClassNames, bytes);
    }
}
