using System.CommandLine;
using System.Text.Json;
using SparseService.Cli.Bench;
using SparseService.Cli.Challenge;
using SparseService.Engine.Inference.Challenge;
using SparseService.Engine.Topology;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse challenge</c>: inference through the networks of the Sparse DNN Graph Challenge.</summary>
internal sealed class ChallengeVerb : Verb
{
    private readonly Option<int?> neurons = Number("--neurons", 1, "Of a layer: 1024 (default), 4096, 16384 or 65536.");
    private readonly Option<int?> layers = Number("--layers", 1, "120 (default), 480 or 1920; others are the first of these.");
    private readonly Option<string?> network = Text("--network", "KIND", "official (default), or random: as large, without equal neurons.");
    private readonly Option<int?> seed = Number("--seed", 0, "Of the random network (1).");
    private readonly Option<string?> data = Text(
        "--data", "DIR", "MNIST's IDX files, from which the official inputs are made; generated ones without it.");

    private readonly Option<int?> inputs = Number("--inputs", 1, "Only the first inputs (all 60000).");
    private readonly Option<int?> threads = Number("--threads", 0, "0 = one per processor (default). Does not change the categories.");
    private readonly Option<string?> backend = Text("--backend", "NAME", "reference, simd (default), opencl, cuda or ilgpu.");
    private readonly Option<int?> lanes = Number("--lanes", 16, "Inputs computed together: 16, 32, 48 or 64 (by the width of the layers).");
    private readonly Option<int?> devices = Number("--devices", 1, "Of opencl and cuda: devices that share the inputs (1).");
    private readonly Option<int?> rounds = Number("--rounds", 1, "Runs, the fastest of which counts (1).");
    private readonly Option<string?> structure = Text(
        "--structure", "HOW", "ignore (default), or use: equal neurons are merged first; no fair comparison with general programs.");

    private readonly Option<string?> write = Text("--write", "DIR", "Writes network, inputs and categories as the challenge's TSV files.");
    private readonly Option<string?> read = Text("--read", "DIR", "Reads network and inputs from such files, in place of making them.");
    private readonly Option<bool> noCheck = Flag("--no-check", "Leaves out the comparison with an exact computation.");
    private readonly Option<bool> json = Flag("--json", "One JSON object on standard output, and nothing else there.");

    public ChallengeVerb()
        : base(
            "challenge", "Sparse inference at scale: the networks of the Sparse DNN Graph Challenge.",
            "./sparse challenge --data DIR",
            "./sparse challenge --neurons 4096 --layers 480 --data DIR --threads 1 --rounds 3",
            "./sparse challenge --network random --inputs 1000",
            "./sparse challenge --data DIR --write tsv    (then: --read tsv)")
    {
        foreach (var option in new Option[]
        {
            neurons, layers, network, seed, data, inputs, threads, backend, lanes, devices, rounds, structure, write, read, noCheck, json,
        })
        {
            Options.Add(option);
        }

        AllowOnly(network, "official", "random");
        AllowOnly(backend, "reference", "simd", "opencl", "cuda", "ilgpu");
        AllowOnly(structure, "ignore", "use");
        AddRule(result =>
        {
            Allow(neurons, RadixNet.Sizes.Contains(result.GetValue(neurons) ?? RadixNet.Sizes[0]), string.Join(", ", RadixNet.Sizes));
            Allow(layers, (result.GetValue(layers) ?? 1) <= RadixNet.MostLayers, $"1 to {RadixNet.MostLayers}");
            Allow(inputs, (result.GetValue(inputs) ?? 1) <= GeneratedInputs.ChallengeCount, $"1 to {GeneratedInputs.ChallengeCount}");
            Allow(lanes, (result.GetValue(lanes) ?? 16) is 16 or 32 or 48 or 64, "16, 32, 48 or 64");
            if (result.GetValue(read) is not null && (result.GetValue(network) is not null || result.GetValue(data) is not null))
            {
                result.AddError("--read gives network and inputs; --network and --data are not allowed with it.");
            }

            if (result.GetValue(devices) > 1 && result.GetValue(backend) is not ("opencl" or "cuda"))
            {
                result.AddError("--devices is for --backend opencl or cuda.");
            }

            if (result.GetValue(write) is not null && result.GetValue(structure) == "use")
            {
                result.AddError("--write writes the network as it is; --structure use is not allowed with it.");
            }

            void Allow(Option<int?> option, bool isAllowed, string allowed)
            {
                if (!isAllowed)
                {
                    result.AddError($"{option.Name} is {result.GetValue(option)}; allowed: {allowed}");
                }
            }
        });
        SetAction((arguments, token) => Task.FromResult(Run(arguments, token)));
    }

    private int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        var kind = arguments.GetValue(network) == "random" ? ChallengeKind.Random : ChallengeKind.Official;
        var request = new ChallengeRequest
        {
            Network = new ChallengeNetwork(
                arguments.GetValue(neurons) ?? RadixNet.Sizes[0], arguments.GetValue(layers) ?? 120, kind,
                (ulong)(arguments.GetValue(seed) ?? 1)),
            Data = arguments.GetValue(data),
            Backend = arguments.GetValue(backend) ?? "simd",
            Threads = arguments.GetValue(threads) ?? 0,
            Inputs = arguments.GetValue(inputs),
            Lanes = arguments.GetValue(lanes) ?? 0,
            Devices = arguments.GetValue(devices) ?? 1,
            Rounds = arguments.GetValue(rounds) ?? 1,
            UsesStructure = arguments.GetValue(structure) == "use",
            Checks = !arguments.GetValue(noCheck),
            WriteFolder = arguments.GetValue(write),
            ReadFolder = arguments.GetValue(read),
        };
        var report = new ChallengeRun(request, Console.Error.WriteLine).Run(cancellationToken);
        if (arguments.GetValue(json))
        {
            Client.Output.JsonLine.Write(JsonSerializer.SerializeToElement(report, ResultFile.Json));
        }
        else
        {
            report.Write(Console.Out);
        }

        return report.Exact == false || report.AsFile == false ? ExitCode.Failed : ExitCode.Done;
    }
}
