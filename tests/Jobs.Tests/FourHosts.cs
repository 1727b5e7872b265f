using System.Diagnostics;
using Xunit;

namespace SparseService.Jobs.Tests;

/// <summary>Four hosts as network namespaces of this machine, each joined to a switch by a cable that can be cut. Needs root.</summary>
internal sealed class FourHosts : IDisposable
{
    private readonly string name = $"sparse{Environment.ProcessId}";
    private readonly string folder;

    private FourHosts(string folder) => this.folder = folder;

    /// <summary>As mpirun's <c>--host</c> wants them.</summary>
    public static string Names { get; } = string.Join(',', Enumerable.Range(0, 4).Select(host => $"{Address(host)}:1"));

    /// <summary>Runs mpirun on the first host.</summary>
    public string Mpirun => Path.Combine(folder, "mpirun");

    /// <summary>Stands for ssh: runs a command on a host.</summary>
    public string RemoteShell => Path.Combine(folder, "remote-shell");

    /// <summary>Skips the test, with the reason, where such hosts cannot be made.</summary>
    public static FourHosts Connect(string folder)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Hosts as network namespaces need root");
        var hosts = new FourHosts(folder);
        try
        {
            Assert.SkipUnless(TryIp($"netns add {hosts.name}s"), "Network namespaces cannot be made here (ip netns add)");
            Ip($"-n {hosts.name}s link add bridge type bridge");
            Ip($"-n {hosts.name}s link set bridge up");
            for (var host = 0; host < 4; host++)
            {
                hosts.Add(host);
            }

            hosts.WriteScripts();
            return hosts;
        }
        catch
        {
            hosts.Dispose();
            throw;
        }
    }

    public void Cut(int host) => Ip($"-n {name}s link set cable{host} down");

    public void Mend(int host) => Ip($"-n {name}s link set cable{host} up");

    public void Dispose()
    {
        foreach (var part in (string[])["s", "0", "1", "2", "3"])
        {
            TryIp($"netns del {name}{part}");
        }
    }

    private static string Address(int host) => $"10.99.0.{host + 1}";

    private void Add(int host)
    {
        Ip($"netns add {name}{host}");
        Ip($"link add card netns {name}{host} type veth peer name cable{host} netns {name}s");
        Ip($"-n {name}s link set cable{host} master bridge up");
        Ip($"-n {name}{host} addr add {Address(host)}/24 dev card");
        Ip($"-n {name}{host} link set card up");
        Ip($"-n {name}{host} link set lo up");
    }

    // A host name each, or Open MPI takes all of them for one machine and talks through memory.
    private void WriteScripts()
    {
        Write(Mpirun, $"exec ip netns exec {name}0 unshare --uts sh -c 'hostname host0; exec mpirun \"$@\"' mpirun \"$@\"");
        Write(RemoteShell, $"host=$((${{1##*.}} - 1)); shift; exec ip netns exec \"{name}$host\" unshare --uts sh -c \"hostname host$host; $*\"");
    }

    private static void Write(string path, string command)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{command}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static void Ip(string arguments) => Assert.True(TryIp(arguments), $"ip {arguments}");

    private static bool TryIp(string arguments)
    {
        using var ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        ip.StandardError.ReadToEnd();
        ip.WaitForExit();
        return ip.ExitCode == 0;
    }
}
