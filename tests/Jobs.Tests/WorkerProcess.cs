using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace SparseService.Jobs.Tests;

/// <summary>A worker in a process of its own, to be killed and stopped.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process process;
    private readonly StringBuilder log = new();

    private WorkerProcess(Process process) => this.process = process;

    /// <summary>The program that both workers and ranks of these tests are.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "SparseService.Worker.TestHost.dll");

    public static string Dotnet { get; } =
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    public int Id => process.Id;

    public string Log
    {
        get
        {
            lock (log)
            {
                return log.ToString();
            }
        }
    }

    /// <param name="settings">More of the configuration, as <c>Queue:SweepSeconds=1</c>.</param>
    public static WorkerProcess Start(JobsBench bench, int leaseSeconds, params string[] settings)
    {
        string[] arguments =
        [
            Program, "--ConnectionStrings:Postgres=" + bench.Database.ConnectionString, $"--Worker:LeaseSeconds={leaseSeconds}", "--Worker:Threads=1",
            "--Worker:PollSeconds=0.1", "--Worker:MaxFaults=1000", "--Worker:CachePath=" + Path.Combine(bench.Folder, "cache"),
            "--Queue:Kind=" + bench.Queue, "--Queue:SweepSeconds=1", .. settings.Select(setting => "--" + setting),
        ];
        var start = new ProcessStartInfo(Dotnet, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var worker = new WorkerProcess(Process.Start(start)!);
        worker.process.OutputDataReceived += (_, line) => worker.Append(line.Data);
        worker.process.ErrorDataReceived += (_, line) => worker.Append(line.Data);
        worker.process.BeginOutputReadLine();
        worker.process.BeginErrorReadLine();
        return worker;
    }

    /// <summary>SIGKILL: nothing in the process can react.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    public Task WaitForExitAsync() => process.WaitForExitAsync();

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        process.Dispose();
    }

    private void Append(string? line)
    {
        lock (log)
        {
            log.AppendLine(line);
        }
    }
}
