using System.Runtime.InteropServices;
using SparseService.Cli.Machine;

namespace SparseService.Cli.Bench.Peers;

/// <summary>PyTorch from the system's packages, tuned: OpenBLAS, and the faster of its kernels for each variant.</summary>
internal sealed class TorchPeer(string root, BenchShape shape, string? data, int threads)
{
    private const int TuningBatches = 120;

    private readonly PythonPeer peer = new(root, "torch_mlp.py", shape, data, threads);
    private Dictionary<string, string?> coreTypes = [];

    /// <summary>OPENBLAS_CORETYPE that was faster, by variant.</summary>
    public IReadOnlyDictionary<string, string> CoreTypes => coreTypes.ToDictionary(type => type.Key, type => type.Value ?? "unset");

    /// <summary>Another network on the same data, tuned as this one is.</summary>
    public TorchPeer For(BenchShape other) => new(root, other, data, threads) { coreTypes = coreTypes };

    public static bool IsInstalled => PythonPeer.Has("torch") && BlasPath() is not null;

    /// <summary>Installs what the peer needs, and refuses to compare against an untuned one.</summary>
    public static async Task RequireAsync(CancellationToken cancellationToken)
    {
        await SystemPackages.RequireAsync(
            "PyTorch", () => IsInstalled, ["python3-torch", "python3-numpy", "libopenblas0-pthread"],
            "This benchmark needs Debian's or Ubuntu's packages python3-torch, python3-numpy and libopenblas0-pthread.",
            cancellationToken);
        if (BlasPath() is not { } blas || !blas.Contains("openblas-pthread", StringComparison.Ordinal))
        {
            throw new CliFault(
                $"The selected BLAS is {BlasPath() ?? "unknown"}; allowed: that of libopenblas0-pthread. PyTorch is many times slower with "
                + $"another, and the comparison worthless.\nSelect it: sudo update-alternatives --config {AlternativeName}");
        }
    }

    /// <summary>Tries the processor kernels that OpenBLAS could take, alternating twice, and keeps the faster.</summary>
    /// <returns>Seconds per epoch (fastest of the tries) by variant and kernel.</returns>
    public async Task<IReadOnlyDictionary<string, double>> TuneAsync(
        IEnumerable<string> variants, bool quick, CancellationToken cancellationToken)
    {
        var tried = new Dictionary<string, double>();
        foreach (var variant in variants)
        {
            BenchRun.Say($"Tuning PyTorch, {variant} …");

            // OpenBLAS 0.3.21 does not know the newest AMD processors and takes AVX2 kernels there.
            string?[] candidates = CpuModel.HasAvx512 && !quick ? [null, "SkylakeX"] : [null];
            var seconds = candidates.Select(_ => double.PositiveInfinity).ToArray();
            for (var turn = 0; turn < 2 * candidates.Length; turn++)
            {
                var at = turn % candidates.Length;
                coreTypes[variant] = candidates[at];
                seconds[at] = Math.Min(seconds[at], (await MeasureAsync(variant, TuningBatches, cancellationToken)).Seconds);
            }

            coreTypes[variant] = candidates[Array.IndexOf(seconds, seconds.Min())];
            foreach (var (candidate, best) in candidates.Zip(seconds))
            {
                tried[$"{variant}, OPENBLAS_CORETYPE {candidate ?? "unset"}"] = best;
            }
        }

        return tried;
    }

    public Task<Measurement> MeasureAsync(string variant, int? batches, CancellationToken cancellationToken)
    {
        // What was not tuned by itself takes what is best for dense products, of which sparse_csr's autograd has some, too.
        var coreType = coreTypes.TryGetValue(variant, out var tuned) ? tuned : coreTypes.GetValueOrDefault("dense");
        var variables = new Dictionary<string, string?> { ["OPENBLAS_CORETYPE"] = coreType };
        return peer.MeasureAsync(variant, batches, variables, cancellationToken);
    }

    public static async Task<string> VersionAsync(CancellationToken cancellationToken)
    {
        var python = await ChildProcess.RunAsync(PythonPeer.Python, ["-c", "import torch; print(torch.__version__)"], cancellationToken);
        return python.StandardOutput.Trim();
    }

    public static string? BlasPath() =>
        File.ResolveLinkTarget($"/etc/alternatives/{AlternativeName}", returnFinalTarget: true)?.FullName;

    private static string AlternativeName =>
        $"libblas.so.3-{(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64")}-linux-gnu";
}
