namespace SparseService.Shared;

/// <summary>
/// Assembly fixture: stops this process's cluster while the test runner still waits. At the exit of the process it would be late, as the
/// runner ends a process that takes longer than some seconds, with a failure.
/// </summary>
public sealed class ThrowAwayPostgresFixture : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => await ThrowAwayPostgres.RemoveAllAsync();
}
