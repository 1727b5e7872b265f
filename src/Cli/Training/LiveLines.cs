using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Training;

/// <summary>The same lines on a terminal, above a bar with the time that is left.</summary>
internal sealed class LiveLines : PlainLines
{
    private ProgressTask? bar;

    protected override int Columns => AnsiConsole.Profile.Width;

    public override async Task ShowAsync(int epochs, Func<Task> training)
    {
        await base.ShowAsync(epochs, () => Task.CompletedTask);
        await AnsiConsole.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                bar = context.AddTask("training", maxValue: epochs);
                await training();
                bar.StopTask();
                bar = null;
            });
    }

    // Written through Spectre, which moves its bar down.
    public override void Say(string line) => AnsiConsole.WriteLine(line);

    public override void Step(StepResult step)
    {
        if (bar is not null)
        {
            bar.Value = step.Epoch - 1 + ((step.Step - ((step.Epoch - 1L) * step.StepsPerEpoch)) / (double)step.StepsPerEpoch);
            bar.Description = $"epoch {step.Epoch}, loss {step.Loss:0.000}";
        }
    }
}
