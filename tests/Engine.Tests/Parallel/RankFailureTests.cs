using System.Diagnostics;
using System.Globalization;
using SparseService.Engine.Parallel;

namespace SparseService.Engine.Tests.Parallel;

[Collection(Alone.Name)]
public sealed class RankFailureTests : IDisposable
{
    private const int Ranks = 4;

    // A rank that is told of a failure is told within a second; the bound is so far above that, for machines that stand still now and then.
    private const double NotBySilence = 60;
    private const int Silence = 4;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sparse-ranks-");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("threads", 0)]
    [InlineData("threads", 1)]
    [InlineData("threads", 2)]
    [InlineData("threads", 3)]
    [InlineData("mpi", 0)]
    [InlineData("mpi", 1)]
    [InlineData("mpi", 2)]
    [InlineData("mpi", 3)]
    public void Exception_OnOneRank_IsToldToAllOthersWithinSeconds(string transport, int failing)
    {
        var fault = Assert.Throws<RankFailedException>(() => RankGroup.Run(transport, Ranks, FailurePrograms.Throws, Argument(failing)));

        Assert.Contains("made to fail", fault.Message, StringComparison.Ordinal);
        foreach (var (rank, seconds, message) in Told())
        {
            Assert.True(seconds < NotBySilence, $"Rank {rank} waited for {seconds} s");
            Assert.Equal($"Rank {failing}: made to fail", message);
        }

        Assert.Equal(Enumerable.Range(0, Ranks).Where(rank => rank != failing), Told().Select(told => told.Rank));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Kill_OneProcess_EndsAllAndNamesTheRank(int failing)
    {
        var started = Stopwatch.GetTimestamp();
        var fault = Assert.Throws<RankFailedException>(() => RankGroup.Run("mpi", Ranks, FailurePrograms.IsKilled, Argument(failing)));

        Assert.Equal(failing, fault.Rank);
        Assert.Contains("signal 9", fault.Message, StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, NotBySilence);
    }

    [Fact]
    public void Stop_OneProcess_IsNoticedByItsSilence()
    {
        var started = Stopwatch.GetTimestamp();
        Assert.Throws<RankFailedException>(() => RankGroup.Run("mpi", Ranks, FailurePrograms.Hangs, Argument(2), silenceSeconds: Silence));

        Assert.NotEmpty(Told());
        Assert.All(Told(), told => Assert.StartsWith($"Rank 2: it has not been heard of for {Silence} s", told.Message, StringComparison.Ordinal));
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, Silence, NotBySilence);
    }

    [Fact]
    public void Stop_AllProcessesForLongerThanTheSilence_IsNoFailure() =>
        RankGroup.Run("mpi", Ranks, FailurePrograms.SleepTogether, $"{2 * Silence}", silenceSeconds: Silence);

    private string Argument(int failing) => $"{failing}|{folder.FullName}";

    private IEnumerable<(int Rank, double Seconds, string Message)> Told() =>
        from file in folder.GetFiles().OrderBy(file => file.Name)
        let parts = File.ReadAllText(file.FullName).Split('|', 2)
        select (int.Parse(file.Name, CultureInfo.InvariantCulture), double.Parse(parts[0], CultureInfo.InvariantCulture), parts[1]);
}
