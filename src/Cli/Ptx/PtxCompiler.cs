using System.Text.RegularExpressions;
using SparseService.Cli.Machine;
using SparseService.Engine.Gpu;

namespace SparseService.Cli.Ptx;

/// <summary>Lowers the kernels for devices to PTX: clang with libclc, the library of OpenCL C.</summary>
internal static partial class PtxCompiler
{
    /// <summary>Where the PTX stands in a checkout.</summary>
    public const string Folder = "src/Engine/Gpu/Ptx";

    public const string Program = "clang-19";

    /// <summary>Packages of Debian and Ubuntu that have it.</summary>
    public static readonly string[] Packages = ["clang-19", "libclc-19"];

    private static readonly string[] Libraries =
    [
        "/usr/lib/clc/nvptx64--nvidiacl.bc", "/usr/lib/llvm-19/share/clc/nvptx64--nvidiacl.bc",
    ];

    // Volta is the first with threads that go their own ways, and 7.5 the PTX of drivers since the end of 2021; they lower it to all
    // later GPUs. Rounding is that of the OpenCL build: products and sums one by one, division and root correctly rounded, nothing
    // flushed to 0.
    private static readonly string[] Arguments =
    [
        "-target", "nvptx64-nvidia-nvcl", "-Xclang", "-target-cpu", "-Xclang", "sm_70", "-Xclang", "-target-feature", "-Xclang", "+ptx75",
        "-x", "cl", "-cl-std=CL1.2", "-Xclang", "-finclude-default-header", "-O3", "-ffp-contract=off",
        "-cl-fp32-correctly-rounded-divide-sqrt", "-DWIDE_IS_DOUBLE", "-Wall", "-Werror", "-Wno-linker-warnings", "-Wno-unused-function",
    ];

    public static bool IsInstalled => ChildProcess.Find(Program) is not null && Libraries.Any(File.Exists);

    /// <summary>As the first lines of the PTX name it, e.g. <c>clang 19.1.7</c>.</summary>
    /// <exception cref="CliFault">It is not there.</exception>
    public static async Task<string> VersionAsync(CancellationToken cancellationToken)
    {
        var answer = await ChildProcess.RunAsync(Program, ["--version"], cancellationToken);
        return $"clang {Version().Match(answer.StandardOutput).Value}";
    }

    /// <summary>The PTX of a program, as it is committed.</summary>
    /// <exception cref="CliFault">It does not compile; with the compiler's words.</exception>
    public static async Task<string> LowerAsync(
        string program, string options, string version, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        var (source, output) = (Path.Combine(folder.Path, program + ".cl"), Path.Combine(folder.Path, program + ".ptx"));
        await File.WriteAllTextAsync(source, PtxVariants.Source(program), cancellationToken);
        string[] library = ["-Xclang", "-mlink-builtin-bitcode", "-Xclang", Libraries.First(File.Exists)];
        var macros = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var compiled = await ChildProcess.RunAsync(
            Program, [.. Arguments, .. library, .. macros, "-S", source, "-o", output], cancellationToken);
        if (!compiled.Succeeded)
        {
            throw new CliFault($"{program}.cl with {options} does not compile to PTX:\n{compiled.Tail()}");
        }

        var head = $"{program}.cl {options} by {version}, source {PtxVariants.Stamp(program, options)}; ./sparse ptx makes it anew";
        return PtxText.ForCuda(await File.ReadAllTextAsync(output, cancellationToken), head);
    }

    /// <summary>File name and text of everything that a GPU asks for.</summary>
    public static async Task<SortedDictionary<string, string>> LowerAllAsync(CancellationToken cancellationToken)
    {
        var version = await VersionAsync(cancellationToken);
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (program, options) in PtxVariants.All)
        {
            texts.Add(PtxVariants.FileName(program, options), await LowerAsync(program, options, version, cancellationToken));
        }

        return texts;
    }

    [GeneratedRegex(@"\d+\.\d+\.\d+")]
    private static partial Regex Version();
}
