using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace SparseService.Cli.Machine;

/// <summary>A finished child process.</summary>
/// <param name="ExitCode">Null when it was ended because its time was up.</param>
/// <param name="StandardOutput">What it wrote to standard output.</param>
/// <param name="Output">Both streams, in the order of arrival.</param>
internal sealed record ChildProcess(int? ExitCode, string StandardOutput, string Output)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>The last lines of the output, for error messages.</summary>
    public string Tail(int lines = 40) => string.Join(Environment.NewLine, Output.TrimEnd().Split('\n').TakeLast(lines));

    /// <summary>Runs a program without standard input and waits for it.</summary>
    /// <param name="variables">Added to the environment; null removes a variable.</param>
    /// <exception cref="CliFault">The program does not exist.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the program and its children were ended.</exception>
    public static async Task<ChildProcess> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken, string? folder = null,
        IEnumerable<KeyValuePair<string, string?>>? variables = null, TimeSpan? limit = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Environment.CurrentDirectory,
        };
        foreach (var (name, value) in variables ?? [])
        {
            start.Environment[name] = value;
        }

        using var process = Start(start);
        process.StandardInput.Close();
        var output = new StringBuilder();
        var standardOutput = new StringBuilder();
        process.OutputDataReceived += (_, line) => Append(line.Data, output, standardOutput);
        process.ErrorDataReceived += (_, line) => Append(line.Data, output);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(limit ?? Timeout.InfiniteTimeSpan);
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            return new ChildProcess(null, Text(standardOutput, output), Text(output, output));
        }

        return new ChildProcess(process.ExitCode, Text(standardOutput, output), Text(output, output));
    }

    /// <summary>The full path of a program in PATH or in one of the given folders; null when there is none.</summary>
    public static string? Find(string program, params string[] folders) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(folders)
            .SelectMany(folder => new[] { Path.Combine(folder, program), Path.Combine(folder, program + ".exe") })
            .FirstOrDefault(File.Exists);

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception fault)
        {
            throw new CliFault($"{start.FileName} could not be started: {fault.Message}");
        }
    }

    // Both streams arrive on threads of their own.
    private static void Append(string? line, StringBuilder output, StringBuilder? standardOutput = null)
    {
        if (line is not null)
        {
            lock (output)
            {
                output.Append(line).Append('\n');
                standardOutput?.Append(line).Append('\n');
            }
        }
    }

    private static string Text(StringBuilder text, StringBuilder gate)
    {
        lock (gate)
        {
            return text.ToString();
        }
    }
}
