using System.Data.Common;
using Npgsql;
using SparseService.Engine.Data;
using SparseService.Engine.Gpu;
using SparseService.Engine.Parallel;
using SparseService.Engine.Training;
using SparseService.Jobs.Queue;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Training;

/// <summary>Which faults a retry can cure.</summary>
internal static class FaultPolicy
{
    /// <param name="maxFaults">The run fails for good at so many faults in a row.</param>
    /// <returns>The reason to write, whether to try again, and words for the run's owner.</returns>
    public static (RunReason Reason, bool Retry, string Message) Judge(Exception fault, ClaimedRun run, int maxFaults)
    {
        var (reason, curable, message) = fault switch
        {
            TrainingDivergedException => (RunReason.Diverged, false, fault.Message),
            InvalidSpecException or DatasetFormatException => (RunReason.Validation, false, fault.Message),
            OutOfMemoryException => (
                RunReason.OutOfMemory, run.LastReason != RunReason.OutOfMemory,
                "The worker ran out of memory. Use a lower epsilon, narrower layers or a smaller batch (POST /v1/topologies/preview says what a spec needs)."),
            DeviceMemoryException => (RunReason.OutOfMemory, false, fault.Message),
            NoDeviceException => (RunReason.Validation, false, fault.Message),
            DeviceLostException => (RunReason.Internal, true, fault.Message),
            DeviceException => (RunReason.Internal, false, Shortened(fault.Message)),
            RankFailedException => (RunReason.RankFailed, true, Shortened(fault.Message)),
            DbException or IOException or InvalidDataException or TimeoutException or UnauthorizedAccessException => (RunReason.Storage, true, fault.Message),
            _ => (RunReason.Internal, false, $"A fault of the service ({fault.GetType().Name}); its log has the details"),
        };
        return (reason, curable && run.Faults + 1 < maxFaults, message);
    }

    // Behind the sentence stands what mpirun and the ranks have said, which is for the log.
    private static string Shortened(string message) => message.Split('\n', 2)[0];

    /// <summary>Whether the database may well answer the same statement later.</summary>
    public static bool IsPassing(Exception fault) => fault switch
    {
        // Classes 08: connection, 53: resources, 57: shut down by its operator; and a transaction that the server ended because we froze in it.
        PostgresException refused => refused.IsTransient || refused.SqlState[..2] is "08" or "53" or "57"
            || refused.SqlState == "25P03",
        NpgsqlException or TimeoutException => true,
        _ => false,
    };
}
