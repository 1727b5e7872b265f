using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>An <c>mpirun</c> with its ranks.</summary>
public sealed partial class MpiProcess : IDisposable
{
    private const int MostOutput = 16_000;

    // mpirun first asks its ranks to end and then kills them; after this it is killed itself, and ranks end because they lose each other.
    private static readonly TimeSpan TerminationPatience = TimeSpan.FromSeconds(6);

    private static readonly TimeSpan OutputPatience = TimeSpan.FromSeconds(1);

    // Becomes mpirun in a session of its own. A terminal's Ctrl-C is for all programs of its session: mpirun would end the ranks while they are
    // asked for their checkpoint.
    private const string Setsid = "setsid";

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly CountdownEvent streams = new(2);

    private MpiProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>Once it has ended.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>The newest lines of mpirun and of all ranks, a rank's marked with its number.</summary>
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

    /// <param name="command">Program and arguments of each rank.</param>
    /// <exception cref="RankFailedException">There is no mpirun.</exception>
    public static MpiProcess Start(MpiSettings settings, int ranks, IEnumerable<string> command)
    {
        string[] hosts = settings switch
        {
            { HostFile: { } file } => ["--hostfile", file],
            { Hosts: { } names } => ["--host", names],
            _ => [],
        };
        // Not bound to a processor each: a rank has several threads. A lost daemon is noticed in half a minute, not in Open MPI's ten.
        string[] arguments =
        [
            "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--tag-output", "--stdin", "none",
            "--mca", "oob_tcp_keepalive_time", "10", "--mca", "oob_tcp_keepalive_intvl", "3", "--mca", "oob_tcp_keepalive_probes", "5",
            .. hosts, .. settings.Arguments, "-n", $"{ranks}", .. command,
        ];
        var isApart = IsInPath(Setsid) && IsInPath(settings.Mpirun);
        var start = new ProcessStartInfo(isApart ? Setsid : settings.Mpirun, isApart ? [settings.Mpirun, .. arguments] : arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return new MpiProcess(process);
        }
        catch (Win32Exception fault)
        {
            throw new RankFailedException(
                0,
                $"{settings.Mpirun} cannot be started ({fault.Message}): install Open MPI 4, for example with apt-get install openmpi-bin, "
                + "name it in Worker:Mpi:Mpirun, or use the transport threads",
                fault);
        }
    }

    public bool WaitForExit(TimeSpan patience)
    {
        if (!process.WaitForExit(patience))
        {
            return false;
        }

        // Now also for the last lines of its output; but a daemon on a host that is cut off may hold the other end open for long.
        streams.Wait(OutputPatience);
        return true;
    }

    /// <summary>The rank that mpirun says has ended badly, and how; null when it says nothing of that.</summary>
    public (int Rank, string Reason)? ExitOfARank()
    {
        var text = Output;
        if (KilledRank().Match(text) is { Success: true } killed)
        {
            return (RankOf(killed), $"its process {Gaps().Replace(killed.Groups["how"].Value, " ")}");
        }

        if (RanksOwnWords().Match(text) is { Success: true } said)
        {
            return (RankOf(said), said.Groups["why"].Value);
        }

        return ExitedRank().Match(text) is { Success: true } exited
            ? (RankOf(exited), $"its process exited with code {exited.Groups["code"].Value}")
            : null;
    }

    /// <summary>Ends what still runs.</summary>
    public void Dispose()
    {
        if (!process.HasExited)
        {
            Terminate();
        }

        process.Dispose();
    }

    private static bool IsInPath(string program) => program.Contains('/')
        ? File.Exists(program)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    private static int RankOf(Match match) => int.Parse(match.Groups["rank"].ValueSpan, CultureInfo.InvariantCulture);

    private void Terminate()
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            kill.WaitForExit();
            if (!process.WaitForExit(TerminationPatience - Stopwatch.GetElapsedTime(started)))
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit(TerminationPatience);
            }
        }
        catch (Exception fault) when (fault is InvalidOperationException or Win32Exception)
        {
            // It has ended by itself meanwhile.
        }
    }

    // The first lines say what went wrong, the last what became of it: what is too much goes from the middle.
    private void Append(string? line)
    {
        if (line is null)
        {
            streams.Signal();
            return;
        }

        lock (output)
        {
            output.Append(line).Append('\n');
            if (output.Length > MostOutput)
            {
                output.Remove(MostOutput / 2, output.Length - MostOutput);
            }
        }
    }

    // mpirun noticed that process rank 1 with PID 0 on node a exited on signal 9 (Killed).
    [GeneratedRegex(@"process rank (?<rank>\d+) with PID \d+ on node \S+\s+(?<how>exited on\s+signal \d+( \([^)]*\))?)", RegexOptions.Singleline)]
    private static partial Regex KilledRank();

    // [1,2]<stderr>:Rank 2: the disk is full
    [GeneratedRegex(@"^\[\d+,\d+\]<stderr>:Rank (?<rank>\d+): (?<why>.*)$", RegexOptions.Multiline)]
    private static partial Regex RanksOwnWords();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Gaps();

    //   Process name: [[46917,1],1]
    //   Exit code:    3
    [GeneratedRegex(@"Process name: \[\[\d+,\d+\],(?<rank>\d+)\]\s+Exit code:\s+(?<code>\d+)", RegexOptions.Singleline)]
    private static partial Regex ExitedRank();
}
