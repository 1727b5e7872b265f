using System.Diagnostics;

namespace SparseService.Cli.Machine;

/// <summary>Programs that come from the operating system: found, or installed where apt can do it.</summary>
internal static class SystemPackages
{
    /// <summary>Installs Debian packages unless they are there.</summary>
    /// <param name="what">For people, e.g. <c>PostgreSQL</c>.</param>
    /// <param name="isThere">Looks whether installing is needed, and whether it helped.</param>
    /// <param name="elsewhere">What to do on systems without apt, one complete sentence.</param>
    /// <exception cref="CliFault">Not there and not installable; the message says what to do.</exception>
    public static async Task RequireAsync(
        string what, Func<bool> isThere, IReadOnlyList<string> packages, string elsewhere, CancellationToken cancellationToken)
    {
        if (isThere())
        {
            return;
        }

        if (ChildProcess.Find("apt-get") is null)
        {
            throw new CliFault($"{what} is missing. {elsewhere}");
        }

        Console.Error.WriteLine($"Installing {what} ({string.Join(' ', packages)}) …");
        await AptAsync(["update"], cancellationToken);
        var install = await AptAsync(["install", "-y", "--no-install-recommends", .. packages], cancellationToken);
        if (!isThere())
        {
            throw new CliFault(
                $"{what} could not be installed (apt-get ended with {install.ExitCode}):\n{install.Tail(10)}\n"
                + $"Install it yourself, `sudo apt-get install {string.Join(' ', packages)}`, and run the same command again.");
        }
    }

    private static async Task<ChildProcess> AptAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        // Another apt may be at work, e.g. right after a machine's first start: wait for its lock.
        string[] command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", .. arguments];
        if (Environment.IsPrivilegedProcess)
        {
            return await ChildProcess.RunAsync(command[0], command[1..], cancellationToken);
        }

        if (ChildProcess.Find("sudo") is null)
        {
            throw new CliFault($"Installing needs root, and there is no sudo. As root: {string.Join(' ', command)}");
        }

        await AskForPasswordAsync(command, cancellationToken);
        return await ChildProcess.RunAsync("sudo", ["-n", .. command], cancellationToken);
    }

    // sudo asks on the terminal, so it is started once without redirection; without a terminal it must not ask.
    private static async Task AskForPasswordAsync(string[] command, CancellationToken cancellationToken)
    {
        if ((await ChildProcess.RunAsync("sudo", ["-n", "true"], cancellationToken)).Succeeded)
        {
            return;
        }

        if (Console.IsInputRedirected)
        {
            throw new CliFault($"sudo wants a password and there is no terminal to ask. Run this first: sudo {string.Join(' ', command)}");
        }

        using var sudo = Process.Start("sudo", ["-v"]);
        await sudo.WaitForExitAsync(cancellationToken);
    }
}
