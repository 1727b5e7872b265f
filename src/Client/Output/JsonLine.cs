using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SparseService.Client.Output;

/// <summary>One JSON value a line on standard output, each at once.</summary>
internal static class JsonLine
{
    // For terminals and programs, not for pages: letters stay letters. Control characters are escaped all the same.
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(JsonElement value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            value.WriteTo(writer);
        }

        Write(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    public static void Write(JsonNode value) => Write(value.ToJsonString(Options));

    private static void Write(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
