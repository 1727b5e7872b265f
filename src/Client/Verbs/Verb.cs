using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace SparseService.Client.Verbs;

/// <summary>A verb of <c>sparse</c>, with examples for its <c>--help</c>.</summary>
internal abstract class Verb(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; } = examples;

    protected static Option<string?> Text(string name, string placeholder, string description) =>
        new(name) { Description = description, HelpName = placeholder };

    protected static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    /// <summary>Refuses other values in one line, unlike the library's own check.</summary>
    protected static void AllowOnly(Option<string?> option, params string[] values)
    {
        option.Validators.Add(result => AllowOnly(result, option.Name, values));
        option.CompletionSources.Add(values);
    }

    /// <inheritdoc cref="AllowOnly(Option{string}, string[])"/>
    protected static void AllowOnly(Argument<string> argument, params string[] values)
    {
        argument.Validators.Add(result => AllowOnly(result, argument.Name, values));
        argument.CompletionSources.Add(values);
    }

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

    /// <summary>Adds a rule about several options. Where one of those that it asks for cannot be read, that alone is told.</summary>
    protected void AddRule(Action<CommandResult> rule) => Validators.Add(result =>
    {
        try
        {
            rule(result);
        }
        catch (InvalidOperationException)
        {
            // The library throws for a value that its parser has refused, and lists the refusal among the errors.
        }
    });

    /// <summary>A list such as <c>0.05,0.01</c>.</summary>
    protected static Option<IReadOnlyList<double>?> Densities(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "D,D…",
        CustomParser = result =>
        {
            var numbers = new List<double>();
            foreach (var word in result.Tokens[0].Value.Split(','))
            {
                if (double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1)
                {
                    numbers.Add(number);
                    continue;
                }

                result.AddError($"{name} is {word}; allowed: numbers above 0, at most 1, separated by commas");
                return null;
            }

            return numbers;
        },
    };

    /// <summary>A number from 0 to 1.</summary>
    protected static Option<double?> Share(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "E",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= 1)
            {
                return number;
            }

            result.AddError($"{name} is {text}; allowed: a number from 0 to 1");
            return null;
        },
    };

    private static void AllowOnly(SymbolResult result, string name, string[] values)
    {
        if (result.Tokens is [var token, ..] && !values.Contains(token.Value))
        {
            result.AddError($"{name} is '{token.Value}'; allowed: {string.Join(", ", values)}");
        }
    }
}
