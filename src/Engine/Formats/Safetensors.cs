using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Formats;

/// <summary>
/// Reads and writes safetensors: 8 bytes header length, a JSON header, then the arrays back to back
/// (https://github.com/huggingface/safetensors). Nothing in such a file is ever executed.
/// </summary>
public static class Safetensors
{
    private const int MaximumHeaderBytes = 16 << 20;
    private const int WindowBytes = 1 << 20;
    private const long MaximumElements = 1L << 48;
    private const string MetadataName = "__metadata__";

    /// <summary>Writes metadata and tensors in the order given, straight from where they lie; the same input gives the same
    /// bytes.</summary>
    public static void Write(Stream destination, IReadOnlyDictionary<string, string> metadata, IReadOnlyList<Tensor> tensors)
    {
        var header = Header(metadata, tensors);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        destination.Write(length);
        destination.Write(header);
        foreach (var tensor in tensors)
        {
            for (var start = 0L; start < tensor.Bytes; start += WindowBytes)
            {
                destination.Write(tensor.Window(start, (int)Math.Min(WindowBytes, tensor.Bytes - start)));
            }

            GC.KeepAlive(tensor);
        }
    }

    /// <summary>
    /// Reads a file into native memory, each tensor once and to where it stays. A hostile file costs at most
    /// <paramref name="maximumBytes"/>, and no more than twice what it really contains.
    /// </summary>
    /// <param name="wanted">Which tensors are read, by name; null reads all. The others are passed over.</param>
    /// <exception cref="InvalidDataException">Names header field or tensor, the value and what is allowed.</exception>
    public static TensorFile Read(Stream source, long maximumBytes = 64L << 30, Predicate<string>? wanted = null)
    {
        var metadata = new Dictionary<string, string>();
        var entries = new List<Entry>();
        ReadHeader(source, metadata, entries);
        entries.Sort((left, right) => (left.Start, left.End).CompareTo((right.Start, right.End)));
        var position = 0L;
        foreach (var entry in entries)
        {
            Require(entry.Start == position, $"tensor {entry.Name} starts at byte {entry.Start}", $"{position}: no holes and no overlaps");
            position = entry.End;
        }

        Require(position <= maximumBytes, $"the file has {position} bytes of tensors", $"at most {maximumBytes}");
        Require(
            !source.CanSeek || source.Length - source.Position == position,
            "the length of the data does not match the header",
            $"{position} bytes");
        var tensors = new Dictionary<string, Tensor>();
        var file = new TensorFile(metadata, tensors);
        try
        {
            foreach (var entry in entries)
            {
                if (wanted is null || wanted(entry.Name))
                {
                    tensors.Add(entry.Name, ReadTensor(source, entry));
                }
                else
                {
                    PassOver(source, entry);
                }
            }

            // A stream that does not know its length may still be judged by its owner when it ends, so it is read that far.
            Require(source.CanSeek || source.ReadByte() < 0, "there is more behind the last tensor", $"{position} bytes of data");
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static byte[] Header(IReadOnlyDictionary<string, string> metadata, IReadOnlyList<Tensor> tensors)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject(MetadataName);
            foreach (var (key, value) in metadata)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
            var offset = 0L;
            foreach (var tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type);
                WriteNumbers(json, "shape", tensor.Shape);
                WriteNumbers(json, "data_offsets", [offset, offset + tensor.Bytes]);
                json.WriteEndObject();
                offset += tensor.Bytes;
            }

            json.WriteEndObject();
        }

        // Padded with blanks so that the arrays start on a multiple of eight, as the format recommends.
        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.ToArray();
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

    private static void ReadHeader(Stream source, Dictionary<string, string> metadata, List<Entry> entries)
    {
        Span<byte> lengthBytes = stackalloc byte[8];
        ReadExactly(source, lengthBytes, "the header length");
        var length = BinaryPrimitives.ReadInt64LittleEndian(lengthBytes);
        Require(length is >= 2 and <= MaximumHeaderBytes, $"the header length is {length}", $"2 to {MaximumHeaderBytes}");
        var bytes = new byte[length];
        ReadExactly(source, bytes, "the header");
        Require(Utf8.IsValid(bytes), "the header is not UTF-8", "JSON in UTF-8");
        try
        {
            using var header = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 4 });
            Require(
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
        Require(element.ValueKind == JsonValueKind.Object, $"{MetadataName} is a JSON {element.ValueKind}", "an object of strings");
        foreach (var property in element.EnumerateObject())
        {
            Require(
                property.Value.ValueKind == JsonValueKind.String,
                $"{MetadataName}.{property.Name} is a JSON {property.Value.ValueKind}",
                "a string");
            metadata.Add(property.Name, property.Value.GetString()!);
        }
    }

    private static Entry ReadEntry(JsonProperty property)
    {
        var name = property.Name;
        Require(
            property.Value.ValueKind == JsonValueKind.Object && property.Value.EnumerateObject().Count() == 3
            && property.Value.TryGetProperty("dtype", out var type) && type.ValueKind == JsonValueKind.String
            && property.Value.TryGetProperty("shape", out _) && property.Value.TryGetProperty("data_offsets", out _),
            $"tensor {name} is {Shorten(property.Value)}",
            "an object of dtype, shape and data_offsets");
        var dtype = property.Value.GetProperty("dtype").GetString()!;
        var elementBytes = Tensor.ElementBytes(dtype);
        Require(elementBytes > 0, $"tensor {name} has dtype {dtype}", "U8, I32, I64, F32 or F64");
        var shape = Numbers(property.Value.GetProperty("shape"), name, "shape");
        var offsets = Numbers(property.Value.GetProperty("data_offsets"), name, "data_offsets");
        Require(
            offsets.Length == 2 && offsets[0] <= offsets[1],
            $"tensor {name} has data_offsets [{string.Join(", ", offsets)}]",
            "[start, end], ascending");

        var elements = 1L;
        foreach (var extent in shape)
        {
            Require(
                extent == 0 || elements <= MaximumElements / extent,
                $"tensor {name} has shape [{string.Join(", ", shape)}]",
                $"at most {MaximumElements} elements");
            elements *= extent;
        }

        Require(
            (offsets[1] - offsets[0]) / elementBytes == elements && (offsets[1] - offsets[0]) % elementBytes == 0,
            $"tensor {name} has {offsets[1] - offsets[0]} bytes",
            $"{elements} elements of {elementBytes} bytes");
        return new Entry(name, dtype, shape, offsets[0], offsets[1]);
    }

    private static long[] Numbers(JsonElement array, string tensor, string field)
    {
        Require(
            array.ValueKind == JsonValueKind.Array && array.GetArrayLength() <= 8,
            $"tensor {tensor} has {field} {Shorten(array)}",
            "an array of at most 8 numbers");
        return array.EnumerateArray().Select(element =>
        {
            var number = -1L;
            Require(
                element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out number) && number >= 0,
                $"tensor {tensor} has {field} {Shorten(array)}",
                "whole numbers, at least 0");
            return number;
        }).ToArray();
    }

    private static Tensor ReadTensor(Stream source, Entry entry) => entry.Type switch
    {
        "U8" => Tensor.Read(entry.Name, entry.Shape, ReadElements<byte>(source, entry)),
        "I32" => Tensor.Read(entry.Name, entry.Shape, ReadElements<int>(source, entry)),
        "F32" => Tensor.Read(entry.Name, entry.Shape, ReadElements<float>(source, entry)),
        "I64" => Tensor.Read(entry.Name, entry.Shape, ReadElements<long>(source, entry)),
        _ => Tensor.Read(entry.Name, entry.Shape, ReadElements<double>(source, entry)),
    };

    private static unsafe DeviceBuffer<T> ReadElements<T>(Stream source, Entry entry)
        where T : unmanaged
    {
        // A stream that knows its length was held against the header. Else the buffer grows with what really arrives: a header's promise
        // alone allocates no more than the first window.
        var total = (entry.End - entry.Start) / sizeof(T);
        var buffer = new DeviceBuffer<T>(source.CanSeek ? total : Math.Min(total, WindowBytes / sizeof(T)));
        try
        {
            for (var done = 0L; done < total;)
            {
                if (done == buffer.Length)
                {
                    var larger = new DeviceBuffer<T>(Math.Min(total, done * 2));
                    Buffer.MemoryCopy(buffer.Pointer, larger.Pointer, done * sizeof(T), done * sizeof(T));
                    buffer.Dispose();
                    buffer = larger;
                }

                var count = (int)Math.Min(WindowBytes / sizeof(T), buffer.Length - done);
                ReadExactly(source, MemoryMarshal.AsBytes(buffer.Slice(done, count)), $"tensor {entry.Name}");
                done += count;
            }

            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private static void PassOver(Stream source, Entry entry)
    {
        if (source.CanSeek)
        {
            source.Position += entry.End - entry.Start;
            return;
        }

        var window = new byte[Math.Min(WindowBytes, entry.End - entry.Start)];
        for (var left = entry.End - entry.Start; left > 0; left -= window.Length)
        {
            ReadExactly(source, window.AsSpan(0, (int)Math.Min(window.Length, left)), $"tensor {entry.Name}");
        }
    }

    private static void ReadExactly(Stream source, Span<byte> bytes, string what)
    {
        var read = source.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        Require(read == bytes.Length, $"the file ends inside {what}", $"{bytes.Length} bytes there");
    }

    private static string Shorten(JsonElement element) =>
        element.GetRawText() is var text && text.Length > 100 ? text[..100] + "…" : element.GetRawText();

    private static void Require(bool condition, string found, string allowed)
    {
        if (!condition)
        {
            throw new InvalidDataException($"Not a valid safetensors file: {found}; allowed: {allowed}");
        }
    }

    private sealed record Entry(string Name, string Type, long[] Shape, long Start, long End);
}
