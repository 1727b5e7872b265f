using System.Runtime.InteropServices;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Formats;

/// <summary>
/// Reads and writes safetensors: 8 bytes header length, a JSON header, then the arrays back to back
/// (https://github.com/huggingface/safetensors). Nothing in such a file is ever executed.
/// </summary>
public static class Safetensors
{
    private const int WindowBytes = 1 << 20;

    /// <summary>Writes metadata and tensors in the order given, straight from where they lie; the same input gives the same
    /// bytes.</summary>
    public static void Write(Stream destination, IReadOnlyDictionary<string, string> metadata, IReadOnlyList<Tensor> tensors)
    {
        Write(destination, metadata, tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape)).ToArray(), tensors);
    }

    /// <summary>The same with tensors that are made one after the other, when what is written before is gone.</summary>
    /// <param name="entries">Of all tensors, in their order.</param>
    /// <exception cref="InvalidOperationException">A tensor is another than the entries say; the file is of no use.</exception>
    public static void Write(
        Stream destination,
        IReadOnlyDictionary<string, string> metadata,
        IReadOnlyList<(string Name, string Type, IReadOnlyList<long> Shape)> entries,
        IEnumerable<Tensor> tensors)
    {
        destination.Write(SafetensorsHeader.Of(metadata, entries).ToBytes());
        var written = 0;
        foreach (var tensor in tensors)
        {
            if (written == entries.Count || tensor.Name != entries[written].Name || !tensor.Shape.SequenceEqual(entries[written].Shape))
            {
                throw new InvalidOperationException($"Tensor {tensor.Name} [{string.Join(", ", tensor.Shape)}] is no. {written} of a file whose header says {(written == entries.Count ? "nothing" : $"{entries[written].Name} [{string.Join(", ", entries[written].Shape)}]")}");
            }

            for (var start = 0L; start < tensor.Bytes; start += WindowBytes)
            {
                destination.Write(tensor.Window(start, (int)Math.Min(WindowBytes, tensor.Bytes - start)));
            }

            written++;
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
        var header = SafetensorsHeader.Read(source);
        var position = header.DataBytes;
        Require(position <= maximumBytes, $"the file has {position} bytes of tensors", $"at most {maximumBytes}");
        Require(
            !source.CanSeek || source.Length - source.Position == position,
            "the length of the data does not match the header",
            $"{position} bytes");
        var tensors = new Dictionary<string, Tensor>();
        var file = new TensorFile(header.Metadata, tensors);
        try
        {
            foreach (var entry in header.Entries)
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

    private static Tensor ReadTensor(Stream source, TensorEntry entry) => entry.Type switch
    {
        "U8" => Tensor.Read(entry.Name, entry.Shape, ReadElements<byte>(source, entry)),
        "I32" => Tensor.Read(entry.Name, entry.Shape, ReadElements<int>(source, entry)),
        "F32" => Tensor.Read(entry.Name, entry.Shape, ReadElements<float>(source, entry)),
        "I64" => Tensor.Read(entry.Name, entry.Shape, ReadElements<long>(source, entry)),
        _ => Tensor.Read(entry.Name, entry.Shape, ReadElements<double>(source, entry)),
    };

    private static unsafe DeviceBuffer<T> ReadElements<T>(Stream source, TensorEntry entry)
        where T : unmanaged
    {
        // A stream that knows its length was held against the header. Else the buffer grows with what really arrives: a header's promise
        // alone allocates no more than the first window.
        var total = entry.Bytes / sizeof(T);
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

    private static void PassOver(Stream source, TensorEntry entry)
    {
        if (source.CanSeek)
        {
            source.Position += entry.Bytes;
            return;
        }

        var window = new byte[Math.Min(WindowBytes, entry.Bytes)];
        for (var left = entry.Bytes; left > 0; left -= window.Length)
        {
            ReadExactly(source, window.AsSpan(0, (int)Math.Min(window.Length, left)), $"tensor {entry.Name}");
        }
    }

    internal static void ReadExactly(Stream source, Span<byte> bytes, string what)
    {
        var read = source.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        Require(read == bytes.Length, $"the file ends inside {what}", $"{bytes.Length} bytes there");
    }

    internal static void Require(bool condition, string found, string allowed)
    {
        if (!condition)
        {
            throw new InvalidDataException($"Not a valid safetensors file: {found}; allowed: {allowed}");
        }
    }
}
