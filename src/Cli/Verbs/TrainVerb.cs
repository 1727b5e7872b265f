using System.CommandLine;
using SparseService.Cli.Files;
using SparseService.Cli.Training;
using SparseService.Engine.Parallel.Ranks;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse train SPEC</c>: the engine alone, without the service.</summary>
internal sealed class TrainVerb : Verb
{
    private readonly Argument<string> spec = new("SPEC") { Description = "JSON file, the same as the body of POST /v1/runs." };
    private readonly Option<string?> data = Text(
        "--data", "PATH", "Folder or file to train on (IDX, CSV, LibSVM, NPY, NPZ, each also gzipped).");

    private readonly Option<int?> epochs = Number("--epochs", 1, "In place of the spec's training.epochs.");
    private readonly Option<int?> seed = Number("--seed", 0, "In place of the spec's training.seed.");
    private readonly Option<int?> threads = Number("--threads", 0, "0 = one per processor (default). Does not change the result.");
    private readonly Option<string?> backend = Text(
        "--backend", "NAME",
        "In place of the spec's training.backend: reference, simd (default), or a device by opencl, cuda or ilgpu, see docs/gpu.md.");
    private readonly Option<bool> json = Flag("--json", "One JSON object a line on standard output, and nothing else there.");
    private readonly Option<string?> checkpoint = Text(
        "--checkpoint", "FILE", "Writes checkpoints there, also when interrupted (Ctrl-C).");
    private readonly Option<string?> resume = Text(
        "--resume", "FILE", "Goes on from a checkpoint, with the checkpoint's training options.");
    private readonly Option<string?> model = Text("--model", "FILE", "Writes the trained model there (safetensors).");

    private readonly Option<string?> hosts = Text(
        "--hosts", "LIST", "Where ranks of the transport mpi run, this host first: node1:2,node2:2.");
    private readonly Option<string?> mpiFolder = Text("--mpi-folder", "DIR", "A folder that all hosts see, for checkpoints on their way.");
    private readonly Option<string[]> mpiArguments = new("--mpi-argument")
    {
        HelpName = "TEXT",
        Description = "One more argument of mpirun; may be given several times.",
    };

    public TrainVerb()
        : base(
            "train", "Trains a network from a spec here and now, without the service.",
            "./sparse train deploy/examples/glyphs.json",
            "./sparse train deploy/examples/fashion-mnist.json --data DIR --epochs 10 --model fashion.safetensors",
            "./sparse train deploy/examples/glyphs.json --json --seed 2 --threads 1",
            "./sparse train deploy/examples/glyphs.json --checkpoint run.checkpoint      (Ctrl-C, then:)",
            "./sparse train deploy/examples/glyphs.json --resume run.checkpoint")
    {
        Arguments.Add(spec);
        foreach (var option in new Option[]
        {
            data, epochs, seed, threads, backend, json, checkpoint, resume, model, hosts, mpiFolder, mpiArguments,
        })
        {
            Options.Add(option);
        }

        AllowOnly(backend, "reference", "simd", "opencl", "cuda", "ilgpu");
        AddRule(result =>
        {
            if (result.GetValue(resume) is not null && (result.GetValue(epochs) is not null || result.GetValue(seed) is not null))
            {
                result.AddError("--resume goes on with the checkpoint's own epochs and seed; --epochs and --seed are not allowed with it.");
            }
        });
        SetAction(RunAsync);
    }

    private Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var request = new TrainRequest
        {
            Spec = SpecFromFile.Read(arguments.GetRequiredValue(spec), arguments.GetValue(epochs), arguments.GetValue(seed)),
            Data = arguments.GetValue(data),
            Threads = arguments.GetValue(threads) ?? 0,
            Backend = arguments.GetValue(backend),
            CheckpointPath = arguments.GetValue(checkpoint),
            ResumePath = arguments.GetValue(resume),
            ModelPath = arguments.GetValue(model),
            Mpi = new MpiSettings
            {
                Hosts = arguments.GetValue(hosts),
                Folder = arguments.GetValue(mpiFolder),
                Arguments = arguments.GetValue(mpiArguments) ?? [],
            },
        };
        return new LocalTraining(request, TrainOutput.Create(arguments.GetValue(json))).RunAsync(cancellationToken);
    }
}
