using System.Diagnostics;
using System.Text;

namespace SparseService.Cli.Tests;

/// <summary>Any program, started by a test; ended with it.</summary>
internal sealed class Started : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly Process process;
    private readonly StringBuilder output = new();

    private Started(Process process) => this.process = process;

    public int ExitCode => process.ExitCode;

    /// <summary>What it has said so far, both streams together.</summary>
    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    public static Started Run(string program, params string[] arguments)
    {
        var started = Start(program, arguments);
        started.process.WaitForExit();
        return started;
    }

    public static async Task<Started> RunAsync(
        string program, string[] arguments, string? folder = null, Dictionary<string, string?>? variables = null)
    {
        var started = Start(program, arguments, folder, variables);
        await started.EndAsync();
        return started;
    }

    public static Started Start(
        string program, string[] arguments, string? folder = null, Dictionary<string, string?>? variables = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var (name, value) in variables ?? [])
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        var started = new Started(process);
        process.StandardInput.Close();
        process.OutputDataReceived += started.Hear;
        process.ErrorDataReceived += started.Hear;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return started;
    }

    /// <summary>Waits until it ends by itself.</summary>
    public async Task EndAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        await process.WaitForExitAsync(limit.Token);
    }

    /// <summary>Waits for an output line that begins with a text.</summary>
    /// <returns>The rest of the line.</returns>
    public async Task<string> HearAsync(string beginning)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        while (true)
        {
            if (Output.Split('\n').FirstOrDefault(line => line.StartsWith(beginning, StringComparison.Ordinal)) is { } line)
            {
                return line[beginning.Length..];
            }

            Assert.False(process.HasExited, $"The program ended before it said '{beginning}':\n{Output}");
            await Task.Delay(100, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private void Hear(object sender, DataReceivedEventArgs line)
    {
        lock (output)
        {
            output.Append(line.Data).Append('\n');
        }
    }
}
