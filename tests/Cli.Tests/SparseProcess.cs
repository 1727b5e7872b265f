using System.Diagnostics;

namespace SparseService.Cli.Tests;

/// <summary>A finished <c>sparse</c>, started as users start it: as a process of its own.</summary>
internal sealed record SparseProcess(int ExitCode, string Output, string Errors)
{
    public const int Interrupt = 2;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public IReadOnlyList<string> Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static Task<SparseProcess> RunAsync(params string[] arguments) => RunAsync(arguments, _ => false);

    /// <summary>Runs it, and sends SIGINT after the first output line that <paramref name="interruptAfter"/> wants.</summary>
    /// <param name="setting">A variable of its environment, <c>NAME=VALUE</c>.</param>
    public static async Task<SparseProcess> RunAsync(string[] arguments, Func<string, bool> interruptAfter, string? setting = null)
    {
        using var process = Start(arguments, setting);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var output = new List<string>();
            var interrupted = false;
            while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                output.Add(line);
                if (!interrupted && interruptAfter(line))
                {
                    interrupted = true;
                    Send(process, Interrupt);
                    // Nobody reads meanwhile: what prints much stands still at a full pipe while the signal makes its way.
                    await Task.Delay(500, limit.Token);
                }
            }

            await process.WaitForExitAsync(limit.Token);
            return new SparseProcess(process.ExitCode, string.Join('\n', output), await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static Process Start(string[] arguments, string? setting)
    {
        string[] command = [.. Signals.Undo, Dotnet(), Path.Combine(AppContext.BaseDirectory, "sparse.dll"), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (setting?.Split('=', 2) is [var name, var value])
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>The dotnet that runs the tests, which need not be the one in PATH.</summary>
    public static string Dotnet() =>
        Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..", "dotnet") is var beside
            && File.Exists(beside)
            ? Path.GetFullPath(beside)
            : "dotnet";

    private static void Send(Process process, int signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        kill.WaitForExit();
    }
}
