using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SparseService.Jobs.Hosting;
using SparseService.Jobs.Queue;
using Xunit;

namespace SparseService.Jobs.Tests;

public class RunQueuesTests
{
    [Fact]
    public void Kind_NotKnown_IsRefusedWithThoseThatAre()
    {
        var fault = Assert.Throws<OptionsValidationException>(() => new ServiceCollection().AddRunQueue(Choose("rabbit")));

        Assert.Equal($"Queue:Kind is 'rabbit'; allowed: {string.Join(", ", RunQueues.Kinds)}", fault.Message);
    }

    [Fact]
    public void Kind_HangfireWithoutIt_IsRefusedWithTheReason()
    {
        Assert.SkipWhen(RunQueues.Kinds.Contains(RunQueues.Hangfire), "Hangfire was built in");

        var fault = Assert.Throws<OptionsValidationException>(() => new ServiceCollection().AddRunWorker(Choose(RunQueues.Hangfire)));

        Assert.Equal("Queue:Kind is 'hangfire'; allowed: builtin (Hangfire was not built in)", fault.Message);
    }

    [Theory, MemberData(nameof(QueueKinds.All), MemberType = typeof(QueueKinds))]
    public void Kind_Chosen_DecidesWhoRingsAndWhoClaims(string kind)
    {
        QueueKinds.Require(kind);
        var services = new ServiceCollection().AddRunWorker(Choose(kind));

        Assert.Equal(kind == RunQueues.Hangfire, services.Any(service => service.ServiceType == typeof(IRunDoorbell)));
        Assert.Equal(kind == RunQueues.Builtin, services.Any(service => service.ImplementationType == typeof(RunWorker)));
    }

    [Fact]
    public void Kind_NotChosen_IsHangfireWhereItWasBuiltIn()
    {
        var services = new ServiceCollection().AddRunWorker(Choose(null));

        Assert.Equal(
            RunQueues.Kinds.Contains(RunQueues.Hangfire), services.Any(service => service.ServiceType == typeof(IRunDoorbell)));
    }

    private static IConfiguration Choose(string? kind) =>
        new ConfigurationBuilder().AddInMemoryCollection([new(RunQueues.KindSetting, kind)]).Build();
}
