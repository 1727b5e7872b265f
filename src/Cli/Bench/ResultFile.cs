using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace SparseService.Cli.Bench;

/// <summary><c>benchmarks/results/PROCESSOR/NAME.json</c>.</summary>
internal static partial class ResultFile
{
    private const int MostColumns = 560;

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new ShortDouble() },
    };

    /// <summary>Indented, but a short object or list stands on one line: files differ by measurements then, not by numbers.</summary>
    public static string Serialize<T>(T result)
    {
        var text = JsonSerializer.Serialize(result, Json);
        for (var joined = Join(text); joined != text; joined = Join(text))
        {
            text = joined;
        }

        return text;

        // A string of JSON never holds a line break, so only the layout changes.
        static string Join(string text) => Flat().Replace(text, match => LineBreaks().Replace(match.Value, " ") is var line
            && line.Length <= MostColumns ? line : match.Value);
    }

    public static string Folder(string root) => Path.Combine(root, "benchmarks", "results", CpuModel.Folder);

    public static async Task<string> WriteAsync(string root, string name, string text, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Directory.CreateDirectory(Folder(root)).FullName, $"{name}.json");
        await File.WriteAllTextAsync(path, text + "\n", cancellationToken);
        return Path.GetRelativePath(Environment.CurrentDirectory, path);
    }

    /// <summary>Of all processors' results of this name the one that was measured last; null where there is none.</summary>
    /// <param name="root">Of the checkout.</param>
    /// <param name="name">Without <c>.json</c>.</param>
    /// <param name="origin">Of a result.</param>
    public static T? Newest<T>(string root, string name, Func<T, Origin> origin)
        where T : class =>
        Directory.GetFiles(Path.Combine(root, "benchmarks", "results"), $"{name}.json", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(file => JsonSerializer.Deserialize<T>(File.ReadAllText(file), Json)!)
            .MaxBy(result => origin(result).Date, StringComparer.Ordinal);

    [GeneratedRegex(@"[\[{]\n[^\[\]{}]*(?:(?:\{ [^\n]* \}|\[ [^\n]* \])[^\[\]{}]*)*[\]}]")]
    private static partial Regex Flat();

    [GeneratedRegex(@"\n *")]
    private static partial Regex LineBreaks();

    // Six digits are more than any of these measurements has, and keep a file's differences readable.
    private sealed class ShortDouble : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            var digits = value == 0 ? 0 : Math.Clamp(5 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 15);
            writer.WriteNumberValue(Math.Round(value, digits));
        }
    }
}
