using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using SparseService.Api.Security;
using SparseService.Persistence.Entities;

namespace SparseService.Api.Tests;

public sealed class StartUpLinkTests(ServiceFixture service)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Exchange_OfAPrintedLink_GivesAKeyOnce()
    {
        var token = service.CreateStartUpLink().Split("/#start=")[1];
        var keys = await service.InDatabaseAsync(db => db.ApiKeys.CountAsync());
        var answer = await (await ExchangeAsync(token)).JsonAsync(HttpStatusCode.Created);
        Assert.Equal("admin", (string?)answer["key"]!["role"]);
        Assert.Equal(keys + 1, await service.InDatabaseAsync(db => db.ApiKeys.CountAsync()));
        var self = await (await service.ClientWith((string)answer["secret"]!).GetAsync("/v1/keys/self", Cancellation)).JsonAsync();
        Assert.Equal((string?)answer["key"]!["id"], (string?)self["id"]);

        var refusal = await (await ExchangeAsync(token)).RefusalAsync(403, "$.token");
        Assert.DoesNotContain(token, refusal.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(service.Logs.Lines, line => line.Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Exchange_ByManyAtOnce_IsWonByOne()
    {
        var token = service.CreateStartUpLink().Split("/#start=")[1];
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ExchangeAsync(token)));
        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("st_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 403)]
    [InlineData("", 400)]
    public async Task Exchange_OfAnythingElse_IsRefused(string token, int status) =>
        await (await ExchangeAsync(token)).RefusalAsync(status, "$.token");

    [Fact]
    public async Task Token_AsAKey_OpensNothing()
    {
        var token = service.CreateStartUpLink().Split("/#start=")[1];
        await (await service.ClientWith(token).GetAsync("/v1/keys/self", Cancellation)).RefusalAsync(401, "Authorization");
    }

    [Fact]
    public void Take_AfterAnHour_IsTooLate()
    {
        var clock = new MovableClock();
        var links = new StartUpLinks(clock);
        var (early, late) = (links.Create(ApiRole.Viewer), links.Create(ApiRole.Viewer));
        clock.Now += StartUpLinks.Lifetime;
        Assert.Equal(ApiRole.Viewer, links.Take(early));
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.Null(links.Take(late));
    }

    private Task<HttpResponseMessage> ExchangeAsync(string token) =>
        service.Anonymous.PostAsJsonAsync("/v1/keys/exchange", new { token }, Cancellation);

    private sealed class MovableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
