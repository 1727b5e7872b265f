using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;

namespace SparseService.Engine.Formats;

/// <summary>What a safetensors file says of itself before its arrays.</summary>
public sealed class SafetensorsHeader
{
    private const int MaximumHeaderBytes = 16 << 20;
    private const int LengthBytes = sizeof(long);
    private const long MaximumElements = 1L << 48;
    private const string MetadataName = "__metadata__";

    private SafetensorsHeader(IReadOnlyDictionary<string, string> metadata, IReadOnlyList<TensorEntry> entries)
    {
        Metadata = metadata;
        Entries = entries;
        DataBytes = entries.Count == 0 ? 0 : entries[^1].End;
    }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>In the order of their data, without holes.</summary>
    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>Bytes of all arrays together.</summary>
    public long DataBytes { get; }

    /// <summary>A header for arrays that follow each other in the order given.</summary>
    public static SafetensorsHeader Of(
        IReadOnlyDictionary<string, string> metadata, IEnumerable<(string Name, string Type, IReadOnlyList<long> Shape)> tensors)
    {
        var entries = new List<TensorEntry>();
        foreach (var (name, type, shape) in tensors)
        {
            var start = entries.Count == 0 ? 0 : entries[^1].End;
            var bytes = shape.Aggregate((long)Tensor.ElementBytes(type), (size, extent) => size * extent);
            entries.Add(new TensorEntry(name, type, shape, start, start + bytes));
        }

        return new SafetensorsHeader(metadata, entries);
    }

    /// <summary>Reads as far as the first array begins.</summary>
    /// <exception cref="InvalidDataException">Names header field or tensor, the value and what is allowed.</exception>
    public static SafetensorsHeader Read(Stream source)
    {
        var metadata = new Dictionary<string, string>();
        var entries = new List<TensorEntry>();
        ReadJson(source, metadata, entries);
        entries.Sort((left, right) => (left.Start, left.End).CompareTo((right.Start, right.End)));
        var position = 0L;
        foreach (var entry in entries)
        {
            Safetensors.Require(
                entry.Start == position, $"tensor {entry.Name} starts at byte {entry.Start}", $"{position}: no holes and no overlaps");
            position = entry.End;
        }

        return new SafetensorsHeader(metadata, entries);
    }

    /// <summary>The header as it stands in a file: its length, then JSON.</summary>
    public byte[] ToBytes()
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[LengthBytes]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject(MetadataName);
            foreach (var (key, value) in Metadata)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
            foreach (var entry in Entries)
            {
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype", entry.Type);
                WriteNumbers(json, "shape", entry.Shape);
                WriteNumbers(json, "data_offsets", [entry.Start, entry.End]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Padded with blanks so that the arrays start on a multiple of eight, as the format recommends.
        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        var bytes = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, bytes.Length - LengthBytes);
        return bytes;
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    private static void ReadJson(Stream source, Dictionary<string, string> metadata, List<TensorEntry> entries)
    {
        Span<byte> lengthBytes = stackalloc byte[8];
        Safetensors.ReadExactly(source, lengthBytes, "the header length");
        var length = BinaryPrimitives.ReadInt64LittleEndian(lengthBytes);
        Safetensors.Require(length is >= 2 and <= MaximumHeaderBytes, $"the header length is {length}", $"2 to {MaximumHeaderBytes}");
        var bytes = new byte[length];
        Safetensors.ReadExactly(source, bytes, "the header");
        Safetensors.Require(Utf8.IsValid(bytes), "the header is not UTF-8", "JSON in UTF-8");
        try
        {
            using var header = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 4 });
            Safetensors.Require(
                header.RootElement.ValueKind == JsonValueKind.Object,
                $"the header is a JSON {header.RootElement.ValueKind}",
                "an object");
            foreach (var property in header.RootElement.EnumerateObject())
            {
                if (property.Name == MetadataName)
                {
                    ReadMetadata(property.Value, metadata);
                }
                else
                {
                    entries.Add(ReadEntry(property));
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escaped half of a surrogate pair, which is valid JSON and no text.
            throw new InvalidDataException(
                $"Not a valid safetensors file: the header is not JSON without duplicate keys: {exception.Message}",
                exception);
        }
    }

    private static void ReadMetadata(JsonElement element, Dictionary<string, string> metadata)
    {
        Safetensors.Require(element.ValueKind == JsonValueKind.Object, $"{MetadataName} is a JSON {element.ValueKind}", "an object of strings");
        foreach (var property in element.EnumerateObject())
        {
            Safetensors.Require(
                property.Value.ValueKind == JsonValueKind.String,
                $"{MetadataName}.{property.Name} is a JSON {property.Value.ValueKind}",
                "a string");
            metadata.Add(property.Name, property.Value.GetString()!);
        }
    }

    private static TensorEntry ReadEntry(JsonProperty property)
    {
        var name = property.Name;
        Safetensors.Require(
            property.Value.ValueKind == JsonValueKind.Object && property.Value.EnumerateObject().Count() == 3
            && property.Value.TryGetProperty("dtype", out var type) && type.ValueKind == JsonValueKind.String
            && property.Value.TryGetProperty("shape", out _) && property.Value.TryGetProperty("data_offsets", out _),
            $"tensor {name} is {Shorten(property.Value)}",
            "an object of dtype, shape and data_offsets");
        var dtype = property.Value.GetProperty("dtype").GetString()!;
        var elementBytes = Tensor.ElementBytes(dtype);
        Safetensors.Require(elementBytes > 0, $"tensor {name} has dtype {dtype}", "U8, I32, I64, F32 or F64");
        var shape = Numbers(property.Value.GetProperty("shape"), name, "shape");
        var offsets = Numbers(property.Value.GetProperty("data_offsets"), name, "data_offsets");
        Safetensors.Require(
            offsets.Length == 2 && offsets[0] <= offsets[1],
            $"tensor {name} has data_offsets [{string.Join(", ", offsets)}]",
            "[start, end], ascending");

        var elements = 1L;
        foreach (var extent in shape)
        {
            Safetensors.Require(
                extent == 0 || elements <= MaximumElements / extent,
                $"tensor {name} has shape [{string.Join(", ", shape)}]",
                $"at most {MaximumElements} elements");
            elements *= extent;
        }

        Safetensors.Require(
            (offsets[1] - offsets[0]) / elementBytes == elements && (offsets[1] - offsets[0]) % elementBytes == 0,
            $"tensor {name} has {offsets[1] - offsets[0]} bytes",
            $"{elements} elements of {elementBytes} bytes");
        return new TensorEntry(name, dtype, shape, offsets[0], offsets[1]);
    }

    private static long[] Numbers(JsonElement array, string tensor, string field)
    {
        Safetensors.Require(
            array.ValueKind == JsonValueKind.Array && array.GetArrayLength() <= 8,
            $"tensor {tensor} has {field} {Shorten(array)}",
            "an array of at most 8 numbers");
        return array.EnumerateArray().Select(element =>
        {
            var number = -1L;
            Safetensors.Require(
                element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out number) && number >= 0,
                $"tensor {tensor} has {field} {Shorten(array)}",
                "whole numbers, at least 0");
            return number;
        }).ToArray();
    }

    private static string Shorten(JsonElement element) =>
        element.GetRawText() is var text && text.Length > 100 ? text[..100] + "…" : element.GetRawText();
}
