using System.CommandLine;
using System.Text.Json;
using SparseService.Cli.Files;
using SparseService.Client.Topologies;
using SparseService.Engine.Formats;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse partition SPEC</c>: shares the neurons of a network out to ranks and counts what they would exchange, without the
/// service.</summary>
internal sealed class PartitionVerb : Verb
{
    private readonly Argument<string?> spec = new("SPEC")
    {
        Description = "JSON file, the same as the body of POST /v1/runs: its first connections. Not with --model or --resume.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<int?> parts = Number(
        "--parts", 1, "Ranks that share the network; without it the spec's training.parallel.workers.");

    private readonly Option<string?> kind = Text("--kind", "KIND", "hypergraph (default), random or block.");
    private readonly Option<double?> imbalance = Share(
        "--imbalance", "How much more work than the average a part may have, 0 to 1 (default 0.01).");

    private readonly Option<int?> seed = Number("--seed", 0, "In place of the spec's training.seed.");
    private readonly Option<int?> threads = Number("--threads", 0, "0 = one per processor (default). Does not change the result.");
    private readonly Option<string?> model = Text("--model", "FILE", "Takes the connections of a trained model.");
    private readonly Option<string?> resume = Text("--resume", "FILE", "Takes the connections of a checkpoint.");
    private readonly Option<bool> json = Flag(
        "--json", "The answer of POST /v1/topologies/partition on standard output, and nothing else there.");

    public PartitionVerb()
        : base(
            "partition", "Shares a network's neurons out to ranks and counts what they would exchange.",
            "./sparse partition deploy/examples/glyphs.json --parts 4",
            "./sparse partition deploy/examples/fashion-mnist.json --parts 32 --imbalance 0.05",
            "./sparse partition --model fashion.safetensors --parts 8 --json")
    {
        Arguments.Add(spec);
        foreach (var option in new Option[] { parts, kind, imbalance, seed, threads, model, resume, json })
        {
            Options.Add(option);
        }

        AllowOnly(kind, "hypergraph", "random", "block");
        AddRule(result =>
        {
            string?[] sources = [result.GetValue(spec), result.GetValue(model), result.GetValue(resume)];
            if (sources.Count(source => source is not null) != 1)
            {
                result.AddError("The network is named once: by SPEC, by --model or by --resume.");
            }

            if (result.GetValue(parts) > NetworkPartition.MostParts)
            {
                result.AddError($"--parts is {result.GetValue(parts)}; allowed: 1 to {NetworkPartition.MostParts}");
            }
        });
        SetAction(Run);
    }

    private int Run(ParseResult arguments)
    {
        using var stored = (arguments.GetValue(model) ?? arguments.GetValue(resume)) is { } file ? Read(file) : null;
        var options = stored?.Options ?? SpecFromFile.Read(arguments.GetRequiredValue(spec)!).Training;
        var layers = stored?.Layers ?? Drawn(options);
        var asked = options.Parallel?.Partition ?? new PartitionOptions();
        var report = PartitionReport.Of(
            layers,
            asked with
            {
                Kind = arguments.GetValue(kind) is { } word ? Enum.Parse<PartitionKind>(word, ignoreCase: true) : asked.Kind,
                Imbalance = arguments.GetValue(imbalance) ?? asked.Imbalance,
            },
            PartsOf(arguments, options),
            (ulong?)arguments.GetValue(seed) ?? options.Seed,
            new PartitionEffort { Threads = arguments.GetValue(threads) ?? 0 });
        var answer = JsonSerializer.SerializeToElement(report, RunSpecJson.Options);
        if (arguments.GetValue(json))
        {
            Client.Output.JsonLine.Write(answer);
        }
        else
        {
            PartitionTable.Write(answer);
        }

        return ExitCode.Done;
    }

    private int PartsOf(ParseResult arguments, TrainingOptions options) =>
        arguments.GetValue(parts) ?? options.Parallel?.Workers
        ?? throw new CliFault("--parts is absent, and the spec has no training.parallel.workers; allowed: at least 1", ExitCode.BadInput);

    private static CsrMatrix[] Drawn(TrainingOptions options) =>
    [
        .. Enumerable.Range(0, options.Network.Layers.Count - 1)
            .Select(layer => FirstConnections.Of(options, layer)),
    ];

    private static StoredTopology Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return StoredTopology.Read(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CliFault($"{path} cannot be read: {fault.Message}", ExitCode.BadInput);
        }
        catch (InvalidDataException fault)
        {
            throw new CliFault($"{path} is no model or checkpoint: {fault.Message}", ExitCode.BadInput);
        }
    }
}
