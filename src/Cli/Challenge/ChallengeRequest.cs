using SparseService.Engine.Inference.Challenge;

namespace SparseService.Cli.Challenge;

/// <summary>What <c>sparse challenge</c> is asked for.</summary>
internal sealed record ChallengeRequest
{
    public required ChallengeNetwork Network { get; init; }

    /// <summary>Folder of MNIST's training images; null: inputs are generated.</summary>
    public string? Data { get; init; }

    public required string Backend { get; init; }

    /// <summary>0 = one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>The first inputs; null: all.</summary>
    public int? Inputs { get; init; }

    public int Lanes { get; init; }

    /// <summary>Of the backend opencl.</summary>
    public int Devices { get; init; } = 1;

    public int Rounds { get; init; } = 1;

    /// <summary>Merges equal neurons first.</summary>
    public bool UsesStructure { get; init; }

    public bool Checks { get; init; } = true;

    public string? WriteFolder { get; init; }

    public string? ReadFolder { get; init; }
}
