using System.Diagnostics;
using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Workers;

/// <summary>A sequential training of one thread.</summary>
internal sealed class SequentialSide : IDisposable
{
    private readonly Backend backend = Backend.Create(threads: 1);
    private readonly Trainer trainer;

    public SequentialSide(TrainingOptions options, SampleStore data) => trainer = Trainer.Create(options, data, backend);

    public SideRate Epoch()
    {
        var started = Stopwatch.GetTimestamp();
        var epoch = trainer.TrainEpoch();
        var samples = epoch.SamplesPerSecond * epoch.TrainSeconds;
        return new SideRate(epoch.SamplesPerSecond, samples / Stopwatch.GetElapsedTime(started).TotalSeconds, 0);
    }

    public void Dispose()
    {
        trainer.Dispose();
        backend.Dispose();
    }
}
