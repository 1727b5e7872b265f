using System.CommandLine;
using System.Globalization;

namespace SparseService.Cli.Verbs;

/// <summary>A verb of <c>sparse</c>, with examples for its <c>--help</c>.</summary>
internal abstract class Verb(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; } = examples;

    protected static Option<string?> Text(string name, string placeholder, string description) =>
        new(name) { Description = description, HelpName = placeholder };

    protected static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    protected static Option<int?> Number(string name, int least, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least)
            {
                return number;
            }

            result.AddError($"{name} is {text}; allowed: a whole number of at least {least}");
            return null;
        },
    };
}
