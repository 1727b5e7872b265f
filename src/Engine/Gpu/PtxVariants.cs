using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace SparseService.Engine.Gpu;

/// <summary>What is lowered to PTX: each program with the options that a GPU asks for. <c>./sparse ptx</c> does it.</summary>
internal static class PtxVariants
{
    // Batches beyond have no shape of their own.
    private const int LargestBatch = 256;

    // Those of which the backend has a kernel for each shape of minibatch.
    private static readonly string[] CutByBatch = ["SparseForward", "SparseInputGradient", "SparseWeightUpdate", "BiasUpdate"];

    /// <summary>Each once, with the options that make a difference.</summary>
    public static IEnumerable<(string Program, string Options)> All =>
        from program in KernelSource.Names
        from options in OptionsOf(program).Select(options => string.Join(' ', Used(program, options))).Distinct()
        select (program, options);

    /// <summary>Name of the file and of the resource.</summary>
    public static string FileName(string program, string options)
    {
        var parts = Used(program, options).Select(option => option["-D".Length..].Replace("=", "", StringComparison.Ordinal));
        return string.Join('.', [program, .. parts, "ptx"]);
    }

    /// <summary>What the compiler gets.</summary>
    public static string Source(string program) => KernelSource.Prelude + KernelSource.Of(program);

    /// <summary>Stands in the first line of the PTX: shows that a source has changed since, also where there is no compiler. Comments do not
    /// count.</summary>
    public static string Stamp(string program, string options)
    {
        var code = Regex.Replace(Source(program), @"\s*//.*", "");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{options}\n{code}")))[..16];
    }

    // An option whose macro the source does not name makes no difference.
    private static IEnumerable<string> Used(string program, string options) =>
        from option in options.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        let macro = Regex.Escape(option["-D".Length..].Split('=')[0])
        where Regex.IsMatch(KernelSource.Of(program), $@"\b{macro}\b")
        select option;

    private static IEnumerable<string> OptionsOf(string program) => program switch
    {
        "FusedLayer" => [FusedShape.OfGpu.Options],
        "Scan" => [DeviceScan.Options(KernelShapes.OfGpu)],
        "Regrowth" => [DeviceEvolution.Options],
        "MinibatchGather" => ["-DELEMENT=uchar", "-DELEMENT=float"],
        _ when CutByBatch.Contains(program) => Enumerable.Range(1, LargestBatch).Select(KernelShapes.OfGpu.Options),
        _ => [KernelShapes.OfGpu.Options(1)],
    };
}
