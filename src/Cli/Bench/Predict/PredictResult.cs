namespace SparseService.Cli.Bench.Predict;

/// <param name="Nnz">Connections of the model.</param>
/// <param name="ZeroInputs">Share of the rows' values that are 0.</param>
internal sealed record PredictResult(
    Origin Origin, string Network, long Nnz, double ZeroInputs, IReadOnlyList<EnginePoint> Engine, IReadOnlyList<CallPoint> Calls,
    IReadOnlyList<StreamPoint> Streams);

/// <summary>The engine alone, called with so many rows.</summary>
/// <param name="OneByOne">Sample after sample, each through the layers' columns.</param>
/// <param name="Together">As one minibatch of this size: how every call went before.</param>
/// <param name="Padded">As one minibatch of 128 samples.</param>
internal sealed record EnginePoint(int Rows, Series OneByOne, Series Together, Series Padded)
{
    public double TogetherOverOneByOne => Together.Median / OneByOne.Median;

    public double PaddedOverOneByOne => Padded.Median / OneByOne.Median;
}

/// <summary>Calls of the service, one after the other on one connection.</summary>
/// <param name="Format">Of the body; the answer is JSON.</param>
/// <param name="EngineMedian">Seconds of a call that the engine took.</param>
/// <param name="EngineShare">Of all calls' time.</param>
internal sealed record CallPoint(
    string Format, int Rows, int Calls, double Median, double P99, double Fastest, double EngineMedian, double EngineShare);

/// <summary>One call whose rows stream in and whose answers stream out.</summary>
/// <param name="Seconds">Of each round.</param>
/// <param name="RequestBytes">Of the body.</param>
/// <param name="MemoryBytes">Most that the heap of service and caller, which share a process, held more than before.</param>
internal sealed record StreamPoint(string Format, int Rows, Series Time, long RequestBytes, double EngineShare, long MemoryBytes)
{
    public double RowsPerSecond => Rows / Time.Median;
}
