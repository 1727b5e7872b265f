using System.CommandLine;
using System.Text.Json.Nodes;
using SparseService.Client.Connection;
using SparseService.Client.Verbs;
using SparseService.Client.Watching;

namespace SparseService.Client.Runs;

/// <summary><c>sparse runs submit SPEC</c>.</summary>
internal sealed class SubmitVerb : ClientVerb
{
    private readonly Argument<string> spec = new("SPEC") { Description = SpecFile.Description };
    private readonly Option<string?> dataset = Text(
        "--dataset", "DATASET", "Train on this one (id, beginning of an id, name) in place of the spec's.");
    private readonly Option<string?> name = Text("--name", "NAME", "In place of the spec's name.");
    private readonly Option<string[]> label = new("--label") { Description = "Adds a label; may be repeated.", HelpName = "KEY=VALUE" };
    private readonly Option<int?> epochs = Number("--epochs", 1, "In place of the spec's training.epochs.");
    private readonly Option<int?> seed = Number("--seed", 0, "In place of the spec's training.seed.");
    private readonly Option<bool> wait = Flag("--wait", "Stay until the run ends; the exit code says how it did.");
    private readonly Option<bool> watch = Flag("--watch", "The same, and show it live.");
    private readonly Option<string?> again = Text(
        "--idempotency-key", "TEXT", "The same text twice is one run: for builds that are started again. Without it each call is a run.");

    private readonly FollowArguments follow = new();

    public SubmitVerb()
        : base(
            "submit", "Queues a run.",
            "./sparse runs submit deploy/examples/glyphs.json --watch",
            "./sparse runs submit deploy/examples/fashion-mnist.json --dataset fashion-mnist --wait --require \"test_accuracy>=0.85\"",
            "./sparse runs show glyphs --spec | ./sparse runs submit - --seed 2 --label sweep=seeds")
    {
        Arguments.Add(spec);
        Add(dataset, name, label, epochs, seed, wait, watch, again);
        Add(follow.Options);
        AddRule(result =>
        {
            if (follow.AnyIn(result) && !result.GetValue(wait) && !result.GetValue(watch))
            {
                result.AddError("--require, --timeout and --cancel-on-timeout need --wait or --watch.");
            }
        });
        label.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.IndexOf('=', StringComparison.Ordinal) < 1))
            {
                result.AddError($"--label is '{token.Value}'; allowed: KEY=VALUE");
            }
        });
    }

    protected override async Task<int> RunAsync(Call call, CancellationToken cancellationToken)
    {
        var body = await SpecFile.ReadAsync(call.Arguments.GetRequiredValue(spec), cancellationToken);
        await ChangeAsync(body, call, cancellationToken);

        // The key makes it one run, however often the request has to be sent.
        var run = await call.Client.PostAsync(
            "v1/runs", body, cancellationToken, call.Arguments.GetValue(again) ?? Guid.NewGuid().ToString());
        if (call.Arguments.GetValue(watch))
        {
            var output = RunOutput.OfWatch(call.Json, plain: false);
            var follower = new RunFollower(call.Client, follow.Read(call.Arguments, output, "watch"));
            return (await follower.FollowAsync(run, cancellationToken)).ExitCode;
        }

        if (call.Arguments.GetValue(wait))
        {
            Console.Error.WriteLine($"Run {run.Id()}, {run.Whole("epochsTotal")} epochs: {call.Client.Url}/#/runs/{run.Id()}");
            return await WaitVerb.FollowAsync(call, run, follow, cancellationToken);
        }

        return call.Show(run, () => Console.WriteLine(
            $"Run {run.Id()} is {run.Text("state")}. Follow it with:\n  {CommandName.Current} runs watch {run.Id()}"));
    }

    private async Task ChangeAsync(JsonObject body, Call call, CancellationToken cancellationToken)
    {
        var arguments = call.Arguments;
        if (arguments.GetValue(dataset) is { } word)
        {
            var found = await new Lookup(call.Client).DatasetAsync(word, cancellationToken);
            body["dataset"] = new JsonObject { ["id"] = found.Id().ToString() };
        }

        body["name"] = arguments.GetValue(name) ?? body["name"]?.DeepClone();
        if (body["name"] is null)
        {
            body.Remove("name");
        }

        foreach (var (field, value) in new[] { ("epochs", arguments.GetValue(epochs)), ("seed", arguments.GetValue(seed)) })
        {
            if (value is not null && body["training"] is JsonObject training)
            {
                training[field] = value;
            }
        }

        foreach (var pair in arguments.GetValue(label) ?? [])
        {
            if (body["labels"] is not JsonObject labels)
            {
                body["labels"] = labels = [];
            }

            var split = pair.IndexOf('=', StringComparison.Ordinal);
            labels[pair[..split]] = pair[(split + 1)..];
        }
    }
}
