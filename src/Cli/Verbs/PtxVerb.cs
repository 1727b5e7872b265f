using System.CommandLine;
using SparseService.Cli.Machine;
using SparseService.Cli.Ptx;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse ptx</c>: lowers the kernels anew, after one of them was changed.</summary>
internal sealed class PtxVerb : Verb
{
    public PtxVerb()
        : base(
            "ptx", "For development: lowers the kernels for devices to the PTX that the backend cuda loads.",
            "./sparse ptx") => SetAction(RunAsync);

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(Checkout.Require("ptx"), PtxCompiler.Folder);
        await SystemPackages.RequireAsync(
            "clang 19 with libclc", () => PtxCompiler.IsInstalled, PtxCompiler.Packages,
            "Install clang 19 and libclc 19: they lower OpenCL C to PTX.", cancellationToken);
        var texts = await PtxCompiler.LowerAllAsync(cancellationToken);
        Directory.CreateDirectory(folder);
        foreach (var gone in Directory.GetFiles(folder, "*.ptx").Where(path => !texts.ContainsKey(Path.GetFileName(path))))
        {
            File.Delete(gone);
        }

        foreach (var (name, text) in texts)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, name), text, cancellationToken);
        }

        Console.WriteLine($"{texts.Count} programs, {texts.Values.Sum(text => text.Length) / 1e3:0} kB in {PtxCompiler.Folder}");
        return ExitCode.Done;
    }
}
