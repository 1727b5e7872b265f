using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Verbs;

/// <summary><c>sparse workers</c>: the processes that train.</summary>
internal sealed class WorkersVerb() : ClientVerb("workers", "Lists the processes that train, and what they train.", "./sparse workers")
{
    protected override async Task<int> RunAsync(Call call, CancellationToken cancellationToken)
    {
        var answer = await call.Client.GetAsync("v1/workers", cancellationToken);
        return call.Show(answer, () =>
        {
            var table = new Table("worker", "state", ">slots", "started", "seen", "runs");
            foreach (var worker in answer.Items("items"))
            {
                var runs = string.Join(", ", worker.Items("runs").Select(run => Words.ShortId(run.GetGuid())));
                table.Add(
                    worker.Flag("isAlive") ? Paint.None : Paint.Dim, Words.Safe(worker.Text("name") ?? ""),
                    worker.Flag("isAlive") ? "alive" : "gone", $"{worker.Whole("slots")}", Words.Instant(worker.Instant("startedAt")),
                    Words.Instant(worker.Instant("seenAt")), runs);
            }

            table.Write();
        });
    }
}
