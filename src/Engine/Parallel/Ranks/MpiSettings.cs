using System.ComponentModel.DataAnnotations;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>How the ranks of the transport mpi are started on this machine.</summary>
public sealed record MpiSettings
{
    /// <summary>Open MPI's launcher: a path, or a name in PATH.</summary>
    [Required]
    public string Mpirun { get; init; } = "mpirun";

    /// <summary>More arguments for mpirun, for example <c>--mca plm_rsh_agent ssh</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Hosts that ranks run on, this one first, as in mpirun's <c>--host</c>: <c>node1:2,node2:2</c>. Null leaves it to mpirun, which also asks Slurm.</summary>
    public string? Hosts { get; init; }

    /// <summary>A file of hosts in place of <see cref="Hosts"/>.</summary>
    public string? HostFile { get; init; }

    /// <summary>Folder for checkpoints on their way to the ranks and back; with several hosts one that all of them see. Null = a temporary folder here.</summary>
    public string? Folder { get; init; }

    /// <summary>Program and arguments that make a process a rank; null = this program.</summary>
    public IReadOnlyList<string>? Program { get; init; }

    /// <summary>A rank that is not heard of for so many seconds has failed.</summary>
    [Range(2, 3600)]
    public int SilenceSeconds { get; init; } = 15;
}
