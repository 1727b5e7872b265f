using System.CommandLine;
using System.Globalization;
using SparseService.Client.Watching;

namespace SparseService.Client.Runs;

/// <summary>The options of every verb that stays with a run to its end.</summary>
internal sealed class FollowArguments
{
    private static readonly (string Unit, int Seconds)[] Units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("", 1)];

    private readonly Option<string[]> require = new("--require")
    {
        Description = "The run must meet this, or the exit code is 4; in quotes, may be repeated.",
        HelpName = "\"METRIC>=NUMBER\"",
    };

    private readonly Option<TimeSpan?> timeout = new("--timeout")
    {
        Description = "Give up waiting after so long, with exit code 3; the run goes on.",
        HelpName = "90s|30m|2h",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            foreach (var (unit, seconds) in Units)
            {
                if (text.EndsWith(unit, StringComparison.Ordinal)
                    && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                    && number > 0 && number * seconds < TimeSpan.FromDays(30).TotalSeconds)
                {
                    return TimeSpan.FromSeconds(number * seconds);
                }
            }

            result.AddError($"--timeout is {text}; allowed: a time like 90s, 30m, 2h or 1d, less than 30 days");
            return null;
        },
    };

    private readonly Option<bool> cancelOnTimeout = new("--cancel-on-timeout") { Description = "Cancel the run when --timeout is over." };

    public FollowArguments() => require.Validators.Add(result =>
    {
        foreach (var token in result.Tokens)
        {
            try
            {
                Requirement.Parse(token.Value);
            }
            catch (FormatException fault)
            {
                result.AddError(fault.Message);
            }
        }
    });

    public Option[] Options => [require, timeout, cancelOnTimeout];

    /// <summary>Whether one is given that makes sense only for those who wait.</summary>
    public bool AnyIn(System.CommandLine.Parsing.CommandResult result) =>
        Options.Any(option => result.GetResult(option) is { Implicit: false });

    public FollowOptions Read(ParseResult arguments, RunOutput output, string verb) => new()
    {
        Output = output,
        Verb = verb,
        Timeout = arguments.GetValue(timeout),
        CancelOnTimeout = arguments.GetValue(cancelOnTimeout),
        Requirements = [.. (arguments.GetValue(require) ?? []).Select(Requirement.Parse)],
    };
}
