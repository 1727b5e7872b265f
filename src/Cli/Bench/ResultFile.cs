using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SparseService.Cli.Bench;

/// <summary><c>benchmarks/results/PROCESSOR/NAME.json</c>.</summary>
internal static class ResultFile
{
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new ShortDouble() },
    };

    public static string Folder(string root) => Path.Combine(root, "benchmarks", "results", CpuModel.Folder);

    public static async Task<string> WriteAsync(string root, string name, string text, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Directory.CreateDirectory(Folder(root)).FullName, $"{name}.json");
        await File.WriteAllTextAsync(path, text + "\n", cancellationToken);
        return Path.GetRelativePath(Environment.CurrentDirectory, path);
    }

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
