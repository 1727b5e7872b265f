using System.Diagnostics;
using System.Text.RegularExpressions;
using SparseService.Cli.Machine;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Jobs.Hosting;

namespace SparseService.Cli.Tests;

/// <summary>Slurm script and Kubernetes manifest, as far as they can be checked without a cluster.</summary>
public sealed partial class ClusterFilesTests
{
    private static readonly string Slurm = Path.Combine(SourceCopy.Origin, "deploy", "slurm", "worker.sbatch");
    private static readonly string Kubernetes = Path.Combine(SourceCopy.Origin, "deploy", "kubernetes", "mpijob.yaml");

    // kubeflow.org/v2beta1, MPIJobSpec and RunPolicy.
    private static readonly string[] SpecFields =
    [
        "slotsPerWorker", "runLauncherAsWorker", "runPolicy", "mpiReplicaSpecs", "sshAuthMountPath", "launcherCreationPolicy",
        "mpiImplementation",
    ];

    private static readonly string[] PolicyFields =
    [
        "cleanPodPolicy", "ttlSecondsAfterFinished", "activeDeadlineSeconds", "backoffLimit", "schedulingPolicy", "suspend", "managedBy",
    ];

    [Fact]
    public void SlurmScript_ReadByBash_HasNoFault()
    {
        Assert.Equal(string.Empty, Faults("bash", "-n", Slurm));
        if (ChildProcess.Find("shellcheck") is not null)
        {
            Assert.Equal(string.Empty, Faults("shellcheck", "--shell=bash", Slurm));
        }
    }

    [Fact]
    public void SlurmScript_WithoutDatabase_SaysWhatIsMissing()
    {
        var fault = Faults("bash", Slurm);

        Assert.Contains("SPARSE_DATABASE", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void SlurmScript_Directives_StandBeforeTheFirstCommand()
    {
        var lines = File.ReadAllLines(Slurm);
        var directives = lines.Count(IsDirective);

        Assert.Equal(directives, lines.TakeWhile(line => line.StartsWith('#')).Count(IsDirective));
        Assert.True(directives >= 6, $"{directives} directives");

        static bool IsDirective(string line) => line.StartsWith("#SBATCH --", StringComparison.Ordinal);
    }

    [Fact]
    public void MpiJob_AgainstTheOperatorsFields_Fits()
    {
        var job = (Dictionary<string, object>)PlainYaml.Read(File.ReadAllText(Kubernetes))[0];
        Assert.Equal(("kubeflow.org/v2beta1", "MPIJob"), (job["apiVersion"], job["kind"]));
        var spec = (Dictionary<string, object>)job["spec"];
        Assert.Empty(spec.Keys.Except(SpecFields));
        Assert.Empty(((Dictionary<string, object>)spec["runPolicy"]).Keys.Except(PolicyFields));
        Assert.Contains(spec["launcherCreationPolicy"], new object[] { "AtStartup", "WaitForWorkersReady" });
        var replicas = (Dictionary<string, object>)spec["mpiReplicaSpecs"];
        Assert.Equal(["Launcher", "Worker"], replicas.Keys.Order());
        Assert.Equal("1", PlainYaml.At(replicas, "Launcher", "replicas"));
        foreach (var replica in replicas.Values.Cast<Dictionary<string, object>>())
        {
            Assert.Equal(["replicas", "restartPolicy", "template"], replica.Keys.Order());
            Assert.Contains(replica["restartPolicy"], new object[] { "Never", "OnFailure", "Always", "ExitCode" });
            AssertPod((Dictionary<string, object>)PlainYaml.At(replica, "template", "spec"));
        }
    }

    [Fact]
    public void Settings_InBothFiles_AreThoseOfTheWorker()
    {
        var text = File.ReadAllText(Slurm) + File.ReadAllText(Kubernetes);
        var settings = Setting().Matches(text).Select(match => match.Groups["name"].Value).Distinct().ToArray();

        Assert.True(settings.Length >= 6, string.Join(' ', settings));
        Assert.All(settings, name =>
        {
            var isMpi = name.StartsWith("Mpi__", StringComparison.Ordinal);
            Assert.NotNull(isMpi ? typeof(MpiSettings).GetProperty(name[5..]) : typeof(WorkerOptions).GetProperty(name));
        });
    }

    [GeneratedRegex(@"\bWorker__(?<name>\w+)")]
    private static partial Regex Setting();

    private static void AssertPod(Dictionary<string, object> pod)
    {
        var volumes = ((List<object>)pod["volumes"]).Select(volume => PlainYaml.At(volume, "name")).ToArray();
        foreach (var container in (List<object>)pod["containers"])
        {
            Assert.NotEqual(string.Empty, PlainYaml.At(container, "image"));
            var mounts = (List<object>)PlainYaml.At(container, "volumeMounts");
            Assert.All(mounts, mount => Assert.Contains(PlainYaml.At(mount, "name"), volumes));
            Assert.NotNull(PlainYaml.At(container, "resources", "limits", "memory"));
        }
    }

    private static string Faults(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["SLURM_SUBMIT_DIR"] = Path.GetTempPath();
        start.Environment.Remove("SPARSE_DATABASE");
        using var process = Process.Start(start)!;
        var output = process.StandardError.ReadToEnd() + process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
