using System.CommandLine;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SparseService.Cli.Machine;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse package</c>: the client for those who want no checkout.</summary>
internal sealed class PackageVerb : Verb
{
    private const string Project = "src/Client/Client.csproj";

    private readonly Option<string?> runtime = Text(
        "--runtime", "RID", "For which system: linux-x64, linux-arm64, osx-arm64, win-x64 … (this one).");

    public PackageVerb()
        : base(
            "package", "Makes the client: a .NET tool package, and a single file that needs no .NET; both into artifacts/package.",
            "./sparse package",
            "./sparse package --runtime win-x64")
    {
        Options.Add(runtime);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var root = Checkout.Require("package");
        var rid = arguments.GetValue(runtime) ?? RuntimeInformation.RuntimeIdentifier;
        var folder = Path.Combine(root, "artifacts", "package");
        await BuildAsync(root, ["pack", Project, "-c", "Release", "-o", folder], cancellationToken);
        foreach (var package in Directory.GetFiles(folder, "SparseService.Client.*.nupkg"))
        {
            await SayAsync(package, cancellationToken);
        }

        Console.WriteLine($"    dotnet tool install --global SparseService.Client --add-source {folder}");
        var single = Path.Combine(folder, rid);
        await BuildAsync(
            root, ["publish", Project, "-c", "Release", "-r", rid, "-p:PublishSingleFile=true", "-o", single], cancellationToken);
        await SayAsync(Directory.GetFiles(single, "sparse*").Single(), cancellationToken);
        return ExitCode.Done;
    }

    private static async Task BuildAsync(string root, string[] arguments, CancellationToken cancellationToken)
    {
        var build = await ChildProcess.RunAsync(
            Programs.Dotnet, [.. arguments, "-v", "q", "--nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false"], cancellationToken,
            root);
        if (!build.Succeeded)
        {
            throw new CliFault($"`dotnet {string.Join(' ', arguments)}` failed:\n{build.Tail()}");
        }
    }

    private static async Task SayAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
        Console.WriteLine($"{path}  {file.Length / 1e6:0.0} MB, SHA-256 {sha256}");
    }
}
