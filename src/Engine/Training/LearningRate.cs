namespace SparseService.Engine.Training;

/// <summary>The learning rate of an epoch: constant inside it, so that a resumed epoch needs no memory of it.</summary>
public static class LearningRate
{
    /// <param name="epoch">From 1.</param>
    public static double At(TrainingOptions options, int epoch)
    {
        var (rate, schedule) = (options.Optimizer.LearningRate, options.Schedule);
        if (epoch <= schedule.WarmupEpochs)
        {
            return rate * epoch / (schedule.WarmupEpochs + 1);
        }

        switch (schedule.Kind)
        {
            case ScheduleKind.Step:
                return rate * Math.Pow(schedule.Factor, schedule.StepEpochs.Count(step => epoch > step));
            case ScheduleKind.Cosine:
                var last = options.Epochs - schedule.WarmupEpochs - 1;
                var progress = last <= 0 ? 0 : Math.Min(1.0, (double)(epoch - schedule.WarmupEpochs - 1) / last);
                return rate * (schedule.Minimum + ((1 - schedule.Minimum) * 0.5 * (1 + Math.Cos(Math.PI * progress))));
            default:
                return rate;
        }
    }
}
