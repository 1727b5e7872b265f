using Microsoft.AspNetCore.Http.HttpResults;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Api.Topologies;

/// <summary>How a spec's neurons would be shared out to ranks, and what those would exchange.</summary>
internal static class PartitionApi
{
    /// <summary>Connections of a network that a request may have cut: a few seconds of a processor.</summary>
    public const int MostConnections = 500_000;

    /// <summary>Ranks that a request may ask for.</summary>
    public const int MostParts = 256;

    // The tables of the partitioner have an entry for each of these.
    private const long MostNeuronParts = 2_000_000;

    // Seconds of a processor each; the other work of the service goes on.
    private static readonly SemaphoreSlim Cutting = new(1);

    public static void MapPartition(this RouteGroupBuilder topologies, ApiLimits limits) =>
        topologies.MapPost("/partition", Partition).WithName("partitionTopology")
            .Refuses(400, 413, 415, 422).TakesAtMost(limits.SpecBytes)
            .Accepts<RunSpec>("application/json")
            .WithSummary("Share a spec's neurons out to ranks and count what they would exchange")
            .WithDescription(
                "The body is that of POST /v1/runs; its dataset does not matter. The answer counts, for the connections that a run of the "
                + "spec starts from, the words and messages of partitioned training per sample and direction, in each layer and in all: "
                + "first for the asked kind, then for rows dealt out at random and in blocks, to compare with. parts, kind and imbalance "
                + $"default to what the spec's training.parallel says. At most {MostParts} parts and {MostConnections} connections are cut "
                + "here; `sparse partition` cuts larger networks.");

    private static async Task<Results<Ok<PartitionReport>, ProblemResult>> Partition(
        HttpRequest request, CancellationToken cancellationToken, int? parts = null, PartitionKind? kind = null, double? imbalance = null)
    {
        var training = RunSpecJson.Parse(await RequestBytes.ReadAsync(request, cancellationToken)).Training;
        var asked = training.Parallel?.Partition ?? new PartitionOptions();
        var options = asked with { Kind = kind ?? asked.Kind, Imbalance = imbalance ?? asked.Imbalance };
        var count = parts ?? training.Parallel?.Workers;
        if (count is not { } number || number is < 1 or > MostParts)
        {
            return Refused.BadRequest(ApiFault.Of("parts", count, $"1 to {MostParts}"));
        }

        if (options.Imbalance is not (>= 0 and <= 1))
        {
            return Refused.BadRequest(ApiFault.Of("imbalance", imbalance, "0 to 1"));
        }

        if (TooLarge(training.Network, number) is { } fault)
        {
            return Refused.Unprocessable("The network is too large to be cut here.", fault);
        }

        await Cutting.WaitAsync(cancellationToken);
        try
        {
            var effort = new PartitionEffort { Threads = 1, Cancellation = cancellationToken };
            return TypedResults.Ok(await Task.Run(() => PartitionReport.OfFirst(training, options, number, effort), cancellationToken));
        }
        finally
        {
            Cutting.Release();
        }
    }

    private static ApiFault? TooLarge(NetworkOptions network, int parts)
    {
        var nnz = Enumerable.Range(0, network.Layers.Count - 1).Sum(layer => TopologyGenerator.ExpectedNnz(network, layer));
        if (nnz > MostConnections)
        {
            return ApiFault.Of("$.training.network", $"about {nnz:0} connections", $"at most {MostConnections}");
        }

        var neurons = network.Layers.Sum(width => (long)width);
        return neurons * parts > MostNeuronParts
            ? ApiFault.Of("parts", parts, $"at most {Math.Max(1, MostNeuronParts / neurons)} for {neurons} neurons")
            : null;
    }
}
