using System.Text.Json;
using SparseService.Engine.Data;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel;

/// <summary>A fault on its way from a rank's process to the one that started it.</summary>
internal sealed record RankFault
{
    private const int LongestMessage = 8000;

    public required int Rank { get; init; }

    /// <summary>Which exception it was; only those of <see cref="IsOfTheTraining"/> are told apart.</summary>
    public required string Kind { get; init; }

    public required string Message { get; init; }

    public IReadOnlyList<SpecFault>? SpecFaults { get; init; }

    public int Epoch { get; init; }

    public long Step { get; init; }

    public double Loss { get; init; }

    /// <summary>Whether it says something of spec, data or numbers, which would be the same on one worker: then the rank does not matter.</summary>
    public static bool IsOfTheTraining(Exception? fault) =>
        fault is InvalidSpecException or TrainingDivergedException or InvalidDataException or DatasetFormatException or OutOfMemoryException;

    public static RankFault Of(int rank, Exception fault) => fault switch
    {
        RankFailedException { InnerException: { } inner } failed when IsOfTheTraining(inner) => Of(failed.Rank, inner),
        RankFailedException failed => new RankFault { Rank = failed.Rank, Kind = string.Empty, Message = failed.Reason },
        InvalidSpecException spec => new RankFault { Rank = rank, Kind = nameof(InvalidSpecException), Message = spec.Message, SpecFaults = spec.Faults },
        TrainingDivergedException diverged => new RankFault
        {
            Rank = rank, Kind = nameof(TrainingDivergedException), Message = fault.Message, Epoch = diverged.Epoch, Step = diverged.Step, Loss = diverged.Loss,
        },
        _ => new RankFault { Rank = rank, Kind = KindOf(fault), Message = fault.Message },
    };

    private static string KindOf(Exception fault) => fault switch
    {
        OutOfMemoryException => nameof(OutOfMemoryException),
        InvalidDataException or DatasetFormatException => nameof(InvalidDataException),
        _ => string.Empty,
    };

    public static RankFault FromJson(string json) => JsonSerializer.Deserialize<RankFault>(json, RankJson.Options)!;

    public string ToJson() => JsonSerializer.Serialize(
        this with { Message = Message.Length <= LongestMessage ? Message : Message[..LongestMessage] }, RankJson.Options);

    /// <summary>As the other ranks throw it.</summary>
    public RankFailedException ToFailure() => new(Rank, Message, Kind.Length > 0 ? ToException() : null);

    /// <summary>As the process throws it that started the ranks.</summary>
    public Exception ToException() => Kind switch
    {
        nameof(InvalidSpecException) => new InvalidSpecException(SpecFaults ?? []),
        nameof(TrainingDivergedException) => new TrainingDivergedException(Epoch, Step, Loss),
        nameof(InvalidDataException) => new InvalidDataException(Message),
        nameof(OutOfMemoryException) => new InsufficientMemoryException(Message),
        _ => new RankFailedException(Rank, Message),
    };
}
