using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using SparseService.Engine.Formats;

namespace SparseService.Api.Models.Archives;

/// <summary>
/// A model as NumPy reads it: the arrays of its safetensors file under SciPy's names, each a .npy file inside one archive
/// (docs/formats.md). The bytes come from the stored model while they are sent; none is copied.
/// </summary>
internal sealed class NpzArchive(NpgsqlDataSource database)
{
    private const int MostRemembered = 1000;
    private const int WindowBytes = 1 << 20;

    // A checksum stands before the bytes that it is of, so a model is read once more at its first download.
    private readonly ConcurrentDictionary<string, Dictionary<string, uint>> checksums = new();

    /// <param name="layer">Only this weight matrix, as <c>scipy.sparse.load_npz</c> reads it; null = the whole model.</param>
    /// <returns>Null when the model has no such layer.</returns>
    public async Task<Stream?> OpenAsync(Model model, int? layer, CancellationToken cancellationToken)
    {
        var stored = new RangedBlob(database, model.BlobHash, model.Bytes);
        var header = SafetensorsHeader.Read(stored);
        var arrays = stored.Position;
        var layers = header.Entries.Count(entry => entry.Name.EndsWith(".rowOffsets", StringComparison.Ordinal));
        if (layer < 0 || layer >= layers)
        {
            return null;
        }

        var sums = await ChecksumsAsync(model.BlobHash, stored, header, arrays, cancellationToken);
        var widths = JsonNode.Parse(header.Metadata["options"])!["network"]!["layers"]!.AsArray().Select(width => (long)width!).ToArray();
        IEnumerable<ZipEntry> files = layer is { } only
            ? [.. Matrix(only, ""), Text("format", "csr")]
            : [
                .. Enumerable.Range(0, layers).SelectMany(index =>
                    Matrix(index, $"layers.{index}.").Append(Stored($"layers.{index}.bias", $"layers.{index}.bias"))),
                Stored("normalization.shift", "normalization.shift"),
                Stored("normalization.scale", "normalization.scale"),
                Text("options", header.Metadata["options"]),
                Text("data", header.Metadata["data"]),
            ];
        return new SplicedStream(StoredZip.Parts([.. files]));

        IEnumerable<ZipEntry> Matrix(int index, string prefix) =>
        [
            Stored(prefix + "indptr", $"layers.{index}.rowOffsets"),
            Stored(prefix + "indices", $"layers.{index}.columnIndices"),
            Stored(prefix + "data", $"layers.{index}.values"),
            Small(prefix + "shape", "<i8", [2], MemoryMarshal.AsBytes<long>([widths[index + 1], widths[index]])),
        ];

        ZipEntry Stored(string name, string tensor)
        {
            var entry = header.Entries.Single(entry => entry.Name == tensor);
            return new ZipEntry(
                name + ".npy",
                [new SplicedPart.Bytes(NpyHeaderOf(entry)), new SplicedPart.Window(stored, arrays + entry.Start, entry.Bytes)],
                sums[tensor]);
        }
    }

    private async Task<Dictionary<string, uint>> ChecksumsAsync(
        string hash, Stream stored, SafetensorsHeader header, long arrays, CancellationToken cancellationToken)
    {
        if (checksums.TryGetValue(hash, out var known))
        {
            return known;
        }

        var sums = new Dictionary<string, uint>();
        var window = new byte[WindowBytes];
        foreach (var entry in header.Entries)
        {
            var sum = Crc32.Add(0, NpyHeaderOf(entry));
            stored.Position = arrays + entry.Start;
            for (var left = entry.Bytes; left > 0;)
            {
                var part = window.AsMemory(0, (int)Math.Min(window.Length, left));
                await stored.ReadExactlyAsync(part, cancellationToken);
                sum = Crc32.Add(sum, part.Span);
                left -= part.Length;
            }

            sums[entry.Name] = sum;
        }

        if (checksums.Count >= MostRemembered)
        {
            checksums.Clear(); // Forgetting all bounds the memory; the next downloads count again.
        }

        checksums[hash] = sums;
        return sums;
    }

    private static byte[] NpyHeaderOf(TensorEntry entry) => NpyHeader.Of(NpyHeader.TypeOf(entry.Type), entry.Shape);

    // UTF-8 bytes: NumPy's own texts take four bytes for each character.
    private static ZipEntry Text(string name, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Small(name, $"|S{bytes.Length}", [], bytes);
    }

    private static ZipEntry Small(string name, string type, long[] shape, ReadOnlySpan<byte> content)
    {
        byte[] bytes = [.. NpyHeader.Of(type, shape), .. content];
        return new ZipEntry(name + ".npy", [new SplicedPart.Bytes(bytes)], Crc32.Add(0, bytes));
    }
}
