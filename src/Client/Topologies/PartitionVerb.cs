using System.CommandLine;
using System.Globalization;
using SparseService.Client.Runs;
using SparseService.Client.Verbs;

namespace SparseService.Client.Topologies;

/// <summary><c>sparse topology partition SPEC</c>: what partitioned training would exchange, computed by the service.</summary>
internal sealed class PartitionVerb : ClientVerb
{
    private readonly Argument<string> spec = new("SPEC") { Description = SpecFile.Description };
    private readonly Option<int?> parts = Number(
        "--parts", 1, "Ranks that share the network; without it the spec's training.parallel.workers.");

    private readonly Option<string?> kind = Text("--kind", "KIND", "hypergraph (default), random or block.");
    private readonly Option<double?> imbalance = Share(
        "--imbalance", "How much more work than the average a part may have, 0 to 1 (default 0.01).");


    public PartitionVerb()
        : base(
            "partition", "Shares a spec's neurons out to ranks and counts what they would exchange.",
            "./sparse topology partition deploy/examples/glyphs.json --parts 4",
            "./sparse topology partition spec.json --parts 32 --json | jq .partitions[0].words")
    {
        Arguments.Add(spec);
        Add(parts, kind, imbalance);
        AllowOnly(kind, "hypergraph", "random", "block");
    }

    protected override async Task<int> RunAsync(Call call, CancellationToken cancellationToken)
    {
        var body = await SpecFile.ReadAsync(call.Arguments.GetRequiredValue(spec), cancellationToken);
        List<string> query = [];
        if (call.Arguments.GetValue(parts) is { } number)
        {
            query.Add($"parts={number}");
        }

        if (call.Arguments.GetValue(kind) is { } word)
        {
            query.Add($"kind={word}");
        }

        if (call.Arguments.GetValue(imbalance) is { } share)
        {
            query.Add(string.Create(CultureInfo.InvariantCulture, $"imbalance={share}"));
        }

        var report = await call.Client.PostAsync($"v1/topologies/partition?{string.Join('&', query)}", body, cancellationToken);
        return call.Show(report, () => PartitionTable.Write(report));
    }
}
