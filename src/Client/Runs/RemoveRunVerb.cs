using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Verbs;

namespace SparseService.Client.Runs;

/// <summary><c>sparse runs rm RUN</c>.</summary>
internal sealed class RemoveRunVerb() : RunVerb(
    "rm", "Deletes a finished run with its history, checkpoints and model.", "./sparse runs rm 019a1b2c-3d4e")
{
    protected override async Task<int> RunAsync(Call call, JsonElement run, CancellationToken cancellationToken)
    {
        await call.Client.DeleteAsync($"v1/runs/{run.Id()}", cancellationToken);
        return call.Show(run, () => Console.WriteLine($"Run {run.Id()} is deleted."));
    }
}
