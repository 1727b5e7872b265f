using System.Globalization;
using SparseService.Cli.Challenge;
using SparseService.Cli.Machine;
using SparseService.Engine.Inference;
using SparseService.Engine.Inference.Challenge;

namespace SparseService.Cli.Bench.Challenge;

/// <summary>SuiteSparse:GraphBLAS, through the program in <c>benchmarks/peers/graphblas_challenge.c</c>.</summary>
internal sealed class GraphBlasPeer : IDisposable
{
    private const string Header = "/usr/include/GraphBLAS.h";

    private readonly TemporaryFolder folder = new();
    private readonly ChallengeNetwork network;
    private readonly int inputs;

    private GraphBlasPeer(ChallengeNetwork network, int inputs) => (this.network, this.inputs) = (network, inputs);

    public static bool IsInstalled => File.Exists(Header) && ChildProcess.Find("gcc") is not null;

    private string Program => Path.Combine(folder.Path, "graphblas_challenge");

    /// <summary>Compiles the program, and writes network and inputs as files for it; installs GraphBLAS where missing.</summary>
    /// <param name="survivors">What the categories' file says.</param>
    public static async Task<GraphBlasPeer> BuildAsync(
        string root, ChallengeRequest request, BitRows inputs, IReadOnlyList<int> survivors, CancellationToken cancellationToken)
    {
        await SystemPackages.RequireAsync(
            "SuiteSparse:GraphBLAS", () => IsInstalled, ["libgraphblas-dev", "gcc", "libc6-dev"],
            "This benchmark needs Debian's or Ubuntu's packages libgraphblas-dev, gcc and libc6-dev.", cancellationToken);
        var peer = new GraphBlasPeer(request.Network, inputs.Rows);
        string[] arguments =
        [
            "-O2", Path.Combine(root, "benchmarks", "peers", "graphblas_challenge.c"), "-lgraphblas", "-o", peer.Program,
        ];
        var compiled = await ChildProcess.RunAsync("gcc", arguments, cancellationToken);
        if (!compiled.Succeeded)
        {
            peer.Dispose();
            throw new CliFault($"graphblas_challenge.c could not be compiled:\n{compiled.Tail(10)}");
        }

        new ChallengeFiles(request).Write(peer.folder.Path, inputs, survivors);
        return peer;
    }

    /// <summary>One run in a process of its own.</summary>
    /// <param name="way">lagraph or apply.</param>
    /// <returns>Seconds of the layers alone, and the survivors.</returns>
    public async Task<(double Seconds, int[] Survivors)> RunAsync(string way, int threads, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            folder.Path, $"{network.Neurons}", $"{network.Layers}", $"{inputs}", network.Bias.ToString(CultureInfo.InvariantCulture),
            $"{threads}", way,
        ];
        var run = await ChildProcess.RunAsync(Program, arguments, cancellationToken);
        if (!run.Succeeded || !run.StandardOutput.StartsWith("run ", StringComparison.Ordinal))
        {
            throw new CliFault($"graphblas_challenge ended with {run.ExitCode}:\n{run.Tail(10)}");
        }

        var words = run.StandardOutput.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var survivors = words.Skip(2).Select(word => int.Parse(word, CultureInfo.InvariantCulture) - 1).ToArray();
        return (double.Parse(words[1], CultureInfo.InvariantCulture), survivors);
    }

    public void Dispose() => folder.Dispose();
}
