using System.Diagnostics;
using System.Globalization;

namespace SparseService.Persistence.Local;

/// <summary>The server programs of one Postgres installation, run as a user that Postgres accepts (it refuses root).</summary>
internal sealed class PostgresBinaries
{
    private const int OldestVersion = 14;

    private readonly string folder;
    private readonly string[] asOwner;

    private PostgresBinaries(string folder, string[] asOwner)
    {
        this.folder = folder;
        this.asOwner = asOwner;
    }

    /// <summary>Account that owns the cluster's files; null = the account of this process.</summary>
    public string? Owner => asOwner.Length == 0 ? null : "postgres";

    public static PostgresBinaries Find()
    {
        var suffix = OperatingSystem.IsWindows() ? ".exe" : "";
        var folder = Candidates().FirstOrDefault(c => File.Exists(Path.Combine(c, "initdb" + suffix)) && File.Exists(Path.Combine(c, "pg_ctl" + suffix)))
            ?? throw new PostgresNotFoundException(
                "No Postgres server was found (looked for initdb in /usr/lib/postgresql, /usr/pgsql-*, PATH and Homebrew). " +
                "Install one (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; macOS: brew install postgresql@17) " +
                $"of version {OldestVersion} or newer, or set ConnectionStrings__Postgres to a server that is there.");
        return new PostgresBinaries(folder, AsOwner());
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its exit status and everything that it printed.</returns>
    public async Task<(int Status, string Output)> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        string[] line = [.. asOwner, Path.Combine(folder, program), .. arguments];
        return await ExecuteAsync(line, cancellationToken);
    }

    /// <summary>Whether the owner of the cluster may enter a folder.</summary>
    public async Task<bool> CanEnterAsync(string path, CancellationToken cancellationToken) =>
        asOwner.Length == 0 || (await ExecuteAsync([.. asOwner, "test", "-x", path], cancellationToken)).Status == 0;

    /// <summary>Gives a file or folder to the owner of the cluster.</summary>
    public async Task GiveAsync(string path, CancellationToken cancellationToken)
    {
        if (Owner is not null && await ExecuteAsync(["chown", Owner, path], cancellationToken) is { Status: not 0 } failure)
        {
            throw new IOException($"{path} could not be given to user {Owner}: {failure.Output}");
        }
    }

    private static IEnumerable<string> Candidates()
    {
        string[] roots = ["/usr/lib/postgresql", "/usr/lib64/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr"];
        var versioned = roots.Where(Directory.Exists)
            .SelectMany(root => Directory.EnumerateDirectories(root, root.EndsWith("postgresql", StringComparison.Ordinal) ? "*" : "p*gsql*")
                .Concat(root.EndsWith("opt", StringComparison.Ordinal) ? Directory.EnumerateDirectories(root, "postgresql*") : []))
            .Select(path => (Version: VersionOf(path), Path: Path.Combine(path, "bin")))
            .Where(candidate => candidate.Version >= OldestVersion)
            .OrderByDescending(candidate => candidate.Version)
            .Select(candidate => candidate.Path);
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return versioned.Concat(path);
    }

    private static int VersionOf(string path)
    {
        var digits = new string([.. Path.GetFileName(path).SkipWhile(c => !char.IsAsciiDigit(c)).TakeWhile(char.IsAsciiDigit)]);
        return int.TryParse(digits, CultureInfo.InvariantCulture, out var version) ? version : 0;
    }

    private static string[] AsOwner()
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return [];
        }

        if (!File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)))
        {
            throw new PostgresNotFoundException(
                "Postgres refuses to run as root and there is no user `postgres` to run it. Install the system's package (it makes the user) or start as an ordinary user.");
        }

        string[] folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
        var runuser = folders.Select(f => Path.Combine(f, "runuser")).FirstOrDefault(File.Exists);
        var setpriv = folders.Select(f => Path.Combine(f, "setpriv")).FirstOrDefault(File.Exists);
        return runuser is not null ? [runuser, "-u", "postgres", "--"]
            : setpriv is not null ? [setpriv, "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
            : throw new PostgresNotFoundException("Postgres refuses to run as root, and neither runuser nor setpriv (package util-linux) is there to change the user.");
    }

    private static async Task<(int Status, string Output)> ExecuteAsync(string[] line, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(line[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Not our own folder: the owner of the cluster may be forbidden to enter it.
            WorkingDirectory = Path.GetPathRoot(AppContext.BaseDirectory)!,
        };
        foreach (var argument in line.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new IOException($"{line[0]} did not start");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, (await output + await errors).Trim());
    }
}
