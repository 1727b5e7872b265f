using System.Diagnostics;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>Gathers steps: all of them are sent, but in at most twenty lines a second.</summary>
internal sealed class StepBatches(Action<IReadOnlyList<StepResult>> send)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private List<StepResult> steps = [];
    private long sent = Stopwatch.GetTimestamp();

    public void Add(StepResult step)
    {
        steps.Add(step);
        if (Stopwatch.GetElapsedTime(sent) > Interval)
        {
            Flush();
        }
    }

    public void Flush()
    {
        if (steps.Count > 0)
        {
            send(steps);
            (steps, sent) = ([], Stopwatch.GetTimestamp());
        }
    }
}
