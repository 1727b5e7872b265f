using System.Net.Http.Headers;
using Microsoft.EntityFrameworkCore;
using SparseService.Jobs.Hosting;
using SparseService.Persistence;
using SparseService.Persistence.Entities;

namespace SparseService.Api.Tests;

/// <summary>Hangfire's dashboard, which a browser opens by itself: the key is asked for as a password.</summary>
public sealed class QueuePagesTests(ServiceFixture service)
{
    private const string Address = "/hangfire";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Address)]
    [InlineData(Address + "/recurring")]
    [InlineData(Address + "/jobs/processing")]
    [InlineData(Address + "/stats")]
    [InlineData(Address + "/js1800")]
    public async Task Page_WithoutKey_Is401AndTellsABrowserToAsk(string address)
    {
        RequireHangfire();
        using var response = await service.Anonymous.GetAsync(address, Cancellation);
        await response.RefusalAsync(401, "Authorization");
        Assert.Equal("Basic", response.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task Page_WithWrongPassword_Is401()
    {
        RequireHangfire();
        string[] wrong = ["", "!", Convert.ToBase64String("no colon"u8), Convert.ToBase64String("admin:"u8), Password("sk_wrong")];
        foreach (var parameter in wrong)
        {
            await (await GetAsync(parameter)).RefusalAsync(401, "Authorization");
        }
    }

    [Fact]
    public async Task Page_ByRole_IsForSubmittersToReadAndForAdministratorsToChange()
    {
        RequireHangfire();
        await (await GetAsync(Password(service.ViewerKey))).RefusalAsync(403, "role");
        foreach (var (key, mayChange) in new[] { (service.SubmitterKey, false), (service.AdminKey, true) })
        {
            using var page = await GetAsync(Password(key));
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
            Assert.Contains("RetainAsync", await page.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
            using var change = await TriggerAsync(service.ClientWith(key));
            Assert.Equal(mayChange ? HttpStatusCode.NoContent : HttpStatusCode.Forbidden, change.StatusCode);
        }
    }

    [Fact]
    public async Task Change_FromAForeignPage_IsForbidden()
    {
        RequireHangfire();
        var client = service.Admin;
        client.DefaultRequestHeaders.Add("Origin", "https://evil.example");
        await (await TriggerAsync(client)).RefusalAsync(403, "Origin");
    }

    [Fact]
    public async Task Delivery_DeletedByAnAdministrator_CancelsTheRun()
    {
        RequireHangfire();
        var spec = RunTests.Json(RunTests.Spec("deleted", epochs: 100_000));
        var created = await (await service.Submitter.PostAsync("/v1/runs", spec, Cancellation)).JsonAsync(HttpStatusCode.Created);
        while (await StateAsync(created.Id()) != RunState.Running)
        {
            await Task.Delay(20, Cancellation);
        }

        var jobId = await service.InDatabaseAsync(db => Task.FromResult(JobOf(db, created.Id())));
        using var form = new FormUrlEncodedContent([new("jobs[]", jobId)]);
        using var deleted = await service.Admin.PostAsync($"{Address}/jobs/processing/delete", form, Cancellation);

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        while (await StateAsync(created.Id()) != RunState.Cancelled)
        {
            await Task.Delay(20, Cancellation);
        }
    }

    private static void RequireHangfire() => Assert.SkipUnless(
        RunQueues.Kinds.Contains(RunQueues.Hangfire), "Hangfire was not built in: its packages do not restore, or -p said so");

    private static string JobOf(SparseDbContext db, Guid runId)
    {
        var pattern = $"%{runId}%";
        return db.Database.SqlQuery<string>($"SELECT id::text AS \"Value\" FROM hangfire.job WHERE arguments::text LIKE {pattern}")
            .AsEnumerable().First();
    }

    private static string Password(string key) => Convert.ToBase64String(Encoding.UTF8.GetBytes("anybody:" + key));

    private static async Task<HttpResponseMessage> TriggerAsync(HttpClient client)
    {
        using var form = new FormUrlEncodedContent([new("jobs[]", "retain")]);
        return await client.PostAsync($"{Address}/recurring/trigger", form, Cancellation);
    }

    private async Task<HttpResponseMessage> GetAsync(string parameter)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Address + "/recurring");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", parameter);
        return await service.Anonymous.SendAsync(request, Cancellation);
    }

    private Task<RunState> StateAsync(Guid runId) =>
        service.InDatabaseAsync(async db => (await db.Runs.FindAsync([runId], Cancellation))!.State);
}
