using System.Runtime.InteropServices;
using System.Text.Json;
using SparseService.Cli.Machine;

namespace SparseService.Cli.Bench;

/// <summary>PyTorch from the system's packages, tuned: one thread, OpenBLAS, the faster of its kernels.</summary>
internal sealed class TorchPeer(string script, string data)
{
    // Debian's torch belongs to Debian's python, whatever else stands in PATH.
    private const string Python = "/usr/bin/python3";

    private readonly Dictionary<string, string?> coreTypes = [];

    /// <summary>Installs what the peer needs, and refuses to compare against an untuned one.</summary>
    public static async Task RequireAsync(CancellationToken cancellationToken)
    {
        await SystemPackages.RequireAsync(
            "PyTorch",
            () => File.Exists("/usr/lib/python3/dist-packages/torch/__init__.py") && BlasPath() is not null,
            ["python3-torch", "python3-numpy", "libopenblas0-pthread"],
            "This benchmark needs Debian's or Ubuntu's packages python3-torch, python3-numpy and libopenblas0-pthread.",
            cancellationToken);
        if (BlasPath() is not { } blas || !blas.Contains("openblas", StringComparison.Ordinal))
        {
            throw new CliFault(
                $"The selected BLAS is {BlasPath() ?? "unknown"}: PyTorch is many times slower with it, and the comparison worthless.\n"
                + $"Select OpenBLAS: sudo update-alternatives --config {AlternativeName}");
        }
    }

    /// <summary>Tries the processor kernels that OpenBLAS could take and keeps the faster.</summary>
    /// <returns>What was measured, by variant and kernel.</returns>
    public async Task<IReadOnlyDictionary<string, double>> TuneAsync(string variant, CancellationToken cancellationToken)
    {
        // OpenBLAS 0.3.21 does not know the newest AMD processors and takes AVX2 kernels there.
        string?[] candidates = CpuModel.HasAvx512 ? [null, "SkylakeX"] : [null];
        var tried = new Dictionary<string, double>();
        foreach (var candidate in candidates)
        {
            coreTypes[variant] = candidate;
            tried[$"{variant}, OPENBLAS_CORETYPE {candidate ?? "unset"}"] = (await MeasureAsync(variant, 1, cancellationToken)).Single();
        }

        coreTypes[variant] = candidates[tried.Values.ToList().IndexOf(tried.Values.Min())];
        return tried;
    }

    public string CoreType(string variant) => coreTypes[variant] ?? "unset";

    /// <summary>Seconds of each epoch.</summary>
    public async Task<IReadOnlyList<double>> MeasureAsync(string variant, int epochs, CancellationToken cancellationToken)
    {
        var variables = new Dictionary<string, string?>
        {
            ["OPENBLAS_CORETYPE"] = coreTypes.GetValueOrDefault(variant),
            ["OPENBLAS_NUM_THREADS"] = "1",
            ["OMP_NUM_THREADS"] = "1",
        };
        var process = await ChildProcess.RunAsync(
            Python, [script, "--data", data, "--variant", variant, "--epochs", $"{epochs}"], cancellationToken, variables: variables);
        if (!process.Succeeded)
        {
            throw new CliFault($"{Path.GetFileName(script)} ended with {process.ExitCode}:\n{process.Tail(10)}");
        }

        return
        [
            .. process.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("seconds").GetDouble()),
        ];
    }

    public static async Task<string> VersionAsync(CancellationToken cancellationToken) =>
        (await ChildProcess.RunAsync(Python, ["-c", "import torch; print(torch.__version__)"], cancellationToken)).StandardOutput.Trim();

    public static string? BlasPath() =>
        File.ResolveLinkTarget($"/etc/alternatives/{AlternativeName}", returnFinalTarget: true)?.FullName;

    private static string AlternativeName =>
        $"libblas.so.3-{(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64")}-linux-gnu";
}
