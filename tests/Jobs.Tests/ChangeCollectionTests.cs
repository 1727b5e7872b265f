using SparseService.Jobs.Events;
using Xunit;

namespace SparseService.Jobs.Tests;

public class ChangeCollectionTests
{
    [Fact]
    public async Task Take_AfterManyChangesOfFewRuns_GivesEachOnce()
    {
        var changes = new ChangeCollection();
        Guid[] ids = [Guid.NewGuid(), Guid.NewGuid()];
        for (var i = 0; i < 10_000; i++)
        {
            changes.Note(ids[i % 2]);
        }

        var taken = await changes.TakeAsync(TestContext.Current.CancellationToken);

        Assert.Equal(ids.Order(), taken.Ids.Order());
        Assert.False(taken.MayBeMore);
    }

    [Fact]
    public async Task Take_AfterMoreRunsThanItHolds_SaysThatThereIsMore()
    {
        var changes = new ChangeCollection();
        for (var i = 0; i <= ChangeCollection.MostIds; i++)
        {
            changes.Note(Guid.NewGuid());
        }

        var taken = await changes.TakeAsync(TestContext.Current.CancellationToken);

        Assert.Equal(ChangeCollection.MostIds, taken.Ids.Count);
        Assert.True(taken.MayBeMore);
    }
}
