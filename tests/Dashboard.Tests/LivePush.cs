using System.Globalization;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>
/// Stands between a page and the hub, and says what a service would say: steps and epochs of a run, as fast as a test wants.
/// </summary>
internal sealed class LivePush
{
    private const char EndOfMessage = '\u001e';
    private readonly Guid run;
    private readonly TaskCompletionSource<IWebSocketRoute> opened = new();
    private int epoch = LargeRun.Epochs;
    private long seq = LargeRun.LastEvent;

    private LivePush(Guid run) => this.run = run;

    public long Step { get; private set; } = LargeRun.Epochs * LargeRun.StepsPerEpoch;

    /// <summary>Call it before the page opens its run.</summary>
    public static async Task<LivePush> PlaceAsync(IPage page, Guid run)
    {
        var push = new LivePush(run);
        await page.RouteWebSocketAsync("**/hubs/runs**", socket =>
        {
            socket.ConnectToServer();
            push.opened.TrySetResult(socket);
        });
        return push;
    }

    public async Task StepAsync()
    {
        Step++;
        await SendAsync(
            "Step",
            $$"""
            {"runId":"{{run}}","epoch":{{epoch + 1}},"step":{{Step}},"stepsPerEpoch":{{LargeRun.StepsPerEpoch}},
            "loss":{{Number(0.1)}}}
            """);
    }

    public async Task EpochAsync()
    {
        epoch++;
        seq++;
        await SendAsync(
            "RunEvent",
            $$$"""
            {"runId":"{{{run}}}","seq":{{{seq}}},"kind":"epoch","at":"2026-01-01T00:00:00Z",
            "payload":{"epoch":{{{epoch}}},"epochsTotal":2000,"step":{{{Step}}},"loss":{{{Number(0.1)}}},
            "trainAccuracy":{{{Number(0.9)}}},"testLoss":{{{Number(0.2)}}},
            "testAccuracy":{{{Number(0.9)}}},"nnz":50000,"density":0.05,"learningRate":0.01,"gradientNorm":{{{Number(0.3)}}},
            "trainSeconds":0.9,"evolutionSeconds":0.05,"testSeconds":0.05,"samplesPerSecond":200000,"gigaflopsPerSecond":50,
            "workerBytes":200000000,"secondsLeft":1000}}
            """);
    }

    private async Task SendAsync(string target, string argument) =>
        (await opened.Task).Send($$"""{"type":1,"target":"{{target}}","arguments":[{{argument}}]}{{EndOfMessage}}""");

    private string Number(double around) => (around + (0.02 * Math.Sin(Step + seq))).ToString("R", CultureInfo.InvariantCulture);
}
