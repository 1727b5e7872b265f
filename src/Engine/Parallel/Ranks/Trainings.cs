using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>Opens a training by its options: on one worker, on threads, or on processes of mpirun.</summary>
public static class Trainings
{
    /// <exception cref="InvalidSpecException">The options cannot work, or do not fit the data or the checkpoint.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged or belongs to other data.</exception>
    /// <exception cref="RankFailedException">A rank could not start.</exception>
    public static ITraining Open(TrainingSetup setup) => setup.Options.Parallel switch
    {
        null when setup.Checkpoint is null => Trainer.Create(setup.Options, setup.Data, setup.Backend),
        null => Trainer.Resume(setup.Checkpoint, setup.Data, setup.Backend, setup.Overrides),
        _ when setup.Backend.IsDevice => throw new InvalidSpecException(
            [new SpecFault("$.training.backend", setup.Backend.Name, "simd with training.parallel: a device trains alone")]),
        { Transport: ParallelTransport.Threads } => ThreadTraining.Open(setup),
        _ => MpiTraining.Open(setup),
    };
}
