using SparseService.Persistence.Entities;

namespace SparseService.Api.Tests;

public sealed class AccessTests(ServiceFixture service)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryRoute_WithoutOrWithWrongKey_Is401()
    {
        var wrong = service.AdminKey[..^1] + (service.AdminKey[^1] == 'A' ? 'B' : 'A');
        string?[] keys = [null, "", "x", "sk_", "sk_00000000_" + new string('A', 43), wrong, service.AdminKey + "A", new string('a', 5000)];
        foreach (var operation in (await ApiOperation.ReadAsync(service)).Where(operation => operation.Role is not null))
        {
            foreach (var key in keys)
            {
                using var request = operation.Request();
                request.Headers.TryAddWithoutValidation("Authorization", key is null ? null : $"Bearer {key}");
                using var response = await service.Anonymous.SendAsync(request, Cancellation);
                Assert.True(
                    response.StatusCode == HttpStatusCode.Unauthorized, $"{operation} with key '{key}' answers {response.StatusCode}");
                await response.RefusalAsync(401, "Authorization");
            }
        }
    }

    [Fact]
    public async Task EveryRoute_ByRole_IsForbiddenBelowItsRoleAndOnlyThere()
    {
        var operations = await ApiOperation.ReadAsync(service);
        Assert.Contains(operations, operation => operation.Role == "admin");
        foreach (var role in Enum.GetValues<ApiRole>())
        {
            var client = service.ClientWith(await service.CreateKeyAsync($"matrix {role}", role));
            foreach (var operation in operations.Where(operation => operation.Role is not null))
            {
                using var request = operation.Request();
                using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
                var isAllowed = role >= Enum.Parse<ApiRole>(operation.Role!, ignoreCase: true);
                Assert.True(
                    isAllowed != (response.StatusCode == HttpStatusCode.Forbidden), $"{operation} by {role} answers {response.StatusCode}");
                Assert.True((int)response.StatusCode < 500, $"{operation} by {role} answers {response.StatusCode}");
            }
        }
    }

    [Fact]
    public async Task EveryRouteWithId_OfNothing_Is404()
    {
        foreach (var operation in (await ApiOperation.ReadAsync(service)).Where(operation => operation.Path.Contains("{id}")))
        {
            using var request = operation.Request();
            using var response = await service.Admin.SendAsync(request, Cancellation);
            var status = (int)response.StatusCode;
            Assert.True(status is 404 || (status is 400 && request.Content is not null), $"{operation} answers {status}");
        }
    }

    [Theory]
    [InlineData("/metrics")]
    [InlineData("/v1")]
    [InlineData("/v1/")]
    [InlineData("/v2/runs")]
    [InlineData("/hubs/runs")]
    [InlineData("/anything")]
    public async Task AnyAddress_WithoutKey_Is401(string address) =>
        await (await service.Anonymous.GetAsync(address, Cancellation)).RefusalAsync(401, "Authorization");

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/")]
    [InlineData("/swagger/index.html")]
    public async Task PublicAddress_WithoutKey_Answers(string address)
    {
        var response = await service.Anonymous.GetAsync(address, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("DENY", response.Headers.GetValues("X-Frame-Options").Single());
        Assert.Contains("default-src 'self'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_InAddress_IsTakenOnlyWhereHeadersCannotBeSet()
    {
        var query = "?access_token=" + service.AdminKey;
        await (await service.Anonymous.GetAsync("/v1/runs" + query, Cancellation)).RefusalAsync(401, "Authorization");
        await (await service.Anonymous.GetAsync($"/v1/runs/{Guid.NewGuid()}/events/stream" + query, Cancellation)).RefusalAsync(404, "id");
        var negotiation = await service.Anonymous.PostAsync("/hubs/runs/negotiate" + query + "&negotiateVersion=1", null, Cancellation);
        Assert.Equal(HttpStatusCode.OK, negotiation.StatusCode);
    }

    [Fact]
    public async Task Key_InItsOwnHeader_IsTaken()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/keys/self");
        request.Headers.Add("X-Api-Key", service.ViewerKey);
        var self = await (await service.Anonymous.SendAsync(request, Cancellation)).JsonAsync();
        Assert.Equal("viewer", (string?)self["role"]);
        Assert.Equal(service.ViewerKey.Split('_')[1], (string?)self["prefix"]);
    }

    [Theory]
    [InlineData("Host", "evil.example", "GET", "Host")]
    [InlineData("Host", "evil.example", "DELETE", "Host")]
    [InlineData("Origin", "https://evil.example", "POST", "Origin")]
    [InlineData("Origin", "https://evil.example", "PUT", "Origin")]
    [InlineData("Origin", "https://evil.example", "DELETE", "Origin")]
    [InlineData("Origin", "null", "DELETE", "Origin")]
    public async Task Request_OfForeignPage_IsForbidden(string header, string value, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/v1/datasets/{Guid.NewGuid()}");
        request.Headers.TryAddWithoutValidation(header, value);
        await (await service.Admin.SendAsync(request, Cancellation)).RefusalAsync(403, path);
    }

    [Fact]
    public async Task WebSocket_OfForeignPage_IsForbidden()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/hubs/runs?access_token=" + service.ViewerKey);
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        request.Headers.TryAddWithoutValidation("Origin", "https://evil.example");
        using var response = await service.Anonymous.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await response.RefusalAsync(403, "Origin");
    }

    [Fact]
    public async Task FrontPage_AskedForItsHeadersOnly_AnswersAsToGet()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/");
        Assert.Equal(HttpStatusCode.OK, (await service.Anonymous.SendAsync(request, Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Request_OfOwnPage_IsServed()
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/v1/datasets/{Guid.NewGuid()}");
        request.Headers.TryAddWithoutValidation("Origin", service.Address.GetLeftPart(UriPartial.Authority));
        await (await service.Admin.SendAsync(request, Cancellation)).RefusalAsync(404, "id");
    }

    [Fact]
    public async Task Key_Created_IsShownOnceAndWorksUntilRevoked()
    {
        var created = await (await service.Admin.PostAsJsonAsync("/v1/keys", new { name = "nightly", role = "viewer" }, Cancellation))
            .JsonAsync(HttpStatusCode.Created);
        var secret = (string)created["secret"]!;
        var id = (Guid)created["key"]!["id"]!;
        Assert.Matches("^sk_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$", secret);
        Assert.Equal(HttpStatusCode.OK, (await service.ClientWith(secret).GetAsync("/v1/runs", Cancellation)).StatusCode);

        var list = await service.Admin.GetStringAsync("/v1/keys?limit=200", Cancellation);
        Assert.Contains("nightly", list, StringComparison.Ordinal);
        Assert.DoesNotContain(secret[12..], list, StringComparison.Ordinal);
        Assert.DoesNotContain("hash", list, StringComparison.OrdinalIgnoreCase);

        Assert.Equal(HttpStatusCode.OK, (await service.Admin.PostAsync($"/v1/keys/{id}/revoke", null, Cancellation)).StatusCode);
        await (await service.ClientWith(secret).GetAsync("/v1/runs", Cancellation)).RefusalAsync(401, "Authorization");
    }

    [Fact]
    public async Task Logs_AtFinestLevel_HoldNoSecret()
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"/v1/runs/{Guid.NewGuid()}/events/stream?access_token={service.SubmitterKey}");
        await service.Anonymous.SendAsync(request, Cancellation);
        await service.Anonymous.GetAsync("/?key=" + service.SubmitterKey, Cancellation);
        await service.Submitter.GetAsync("/v1/runs", Cancellation);
        foreach (var key in new[] { service.AdminKey, service.SubmitterKey, service.ViewerKey })
        {
            Assert.DoesNotContain(
                service.Logs.Lines,
                line => line.Contains(key, StringComparison.Ordinal) || line.Contains(key[12..], StringComparison.Ordinal));
        }
    }
}
