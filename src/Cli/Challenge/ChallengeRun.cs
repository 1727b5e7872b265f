using SparseService.Engine.Inference;
using SparseService.Engine.Inference.Challenge;

namespace SparseService.Cli.Challenge;

/// <summary>Makes or reads a network and its inputs, runs them, and compares the categories with those of an exact computation.</summary>
internal sealed class ChallengeRun(ChallengeRequest request, Action<string> say)
{
    // Of the machine's memory: a larger network is made or read layer by layer while it is computed with.
    private const double ResidentShare = 0.25;
    private const int WarmUpInputs = 2048;

    private readonly ChallengeFiles files = new(request);

    private bool IsResident => request.Network.Bytes <= ResidentShare * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public ChallengeReport Run(CancellationToken cancellationToken)
    {
        var network = request.Network;
        var options = new InferenceOptions(request.Lanes, request.Devices);
        using var inference = SparseInference.Create(request.Backend, request.Threads, options);
        say("Inputs …");
        var (inputs, origin) = files.Inputs();
        var categories = files.Categories();
        if (request.WriteFolder is not null)
        {
            files.Prepare(request.WriteFolder);
        }

        say(IsResident ? "Network …" : "The network is made layer by layer: it would not fit the memory.");
        var layers = IsResident ? files.Layers().ToArray() : null;
        cancellationToken.ThrowIfCancellationRequested();
        var results = new List<InferenceResult>();
        if (layers is not null && request.Rounds > 1)
        {
            inference.Run(LayerFeed.Of(layers), inputs.Take(Math.Min(inputs.Rows, WarmUpInputs)));
        }

        for (var round = 1; round <= request.Rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            say($"Run {round} of {request.Rounds} …");
            using var feed = Open(layers);
            results.Add(inference.Run(feed, inputs));
        }

        var fastest = results.MinBy(result => result.Seconds)!;
        bool? exact = null;
        if (request.Checks)
        {
            say("Exact computation …");
            exact = Exact(layers, inputs).SequenceEqual(fastest.Survivors);
        }

        if (request.WriteFolder is { } folder)
        {
            say($"Writing {folder} …");
            files.Write(folder, inputs, fastest.Survivors);
        }

        foreach (var layer in layers ?? [])
        {
            layer.Dispose();
        }

        var work = network.Work(inputs.Rows);
        var expected = categories?.Where(category => category < inputs.Rows).Order();
        return new ChallengeReport(
            request.ReadFolder is not null ? "read" : network.Kind == ChallengeKind.Official ? "official" : "random",
            network.Neurons, network.Layers, network.Edges, inputs.Rows, origin, inputs.Count, inference.Name, inference.Threads,
            inference.Place, request.UsesStructure, [.. results.Select(result => result.Seconds)], fastest.WaitedSeconds,
            work / fastest.Seconds, fastest.ExecutedEdges / fastest.Seconds, fastest.ExecutedEdges / work, fastest.Active,
            fastest.Survivors.Count, exact, expected?.SequenceEqual(fastest.Survivors));
    }

    private int[] Exact(IReadOnlyList<CompactLayer>? layers, BitRows inputs)
    {
        try
        {
            return ExactCategories.Of(() => Open(layers), inputs, request.Threads);
        }
        catch (ArgumentException fault)
        {
            throw new CliFault(
                $"The exact computation cannot judge this network (--no-check leaves it out): {fault.Message}", ExitCode.BadInput);
        }
    }

    private LayerFeed Open(IReadOnlyList<CompactLayer>? layers) => layers is not null
        ? LayerFeed.Of(layers)
        : LayerFeed.Streaming(files.Layers(), request.Network.Layers, request.Network.Neurons);
}
