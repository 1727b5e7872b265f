using System.Diagnostics;
using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Workers;

/// <summary>Workers on threads of this process, one thread each.</summary>
internal sealed class WorkersSide : IDisposable
{
    private readonly Backend backend;
    private readonly ITraining training;

    public WorkersSide(TrainingOptions options, SampleStore data)
    {
        backend = Backend.Create(threads: options.Parallel!.Workers);
        training = Trainings.Open(new TrainingSetup { Options = options, Data = data, DataPath = string.Empty, Backend = backend });
    }

    public SideRate Epoch()
    {
        var started = Stopwatch.GetTimestamp();
        var epoch = training.TrainEpoch();
        var samples = epoch.SamplesPerSecond * epoch.TrainSeconds;
        return new SideRate(
            epoch.SamplesPerSecond, samples / Stopwatch.GetElapsedTime(started).TotalSeconds,
            epoch.Ranks!.Sum(rank => rank.WaitingSeconds) / epoch.Ranks!.Sum(rank => rank.TrainSeconds));
    }

    public void Dispose()
    {
        training.Dispose();
        backend.Dispose();
    }
}
