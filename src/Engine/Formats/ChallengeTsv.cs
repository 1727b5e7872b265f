using System.Buffers.Text;
using System.Globalization;
using System.Text;
using SparseService.Engine.Data;
using SparseService.Engine.Data.Readers;
using SparseService.Engine.Inference;

namespace SparseService.Engine.Formats;

/// <summary>
/// The files of the Sparse DNN Graph Challenge: tab-separated text, all numbers from 1. A layer has lines <c>input output weight</c>, sorted by
/// output; inputs <c>image pixel 1</c>; categories an image a line.
/// </summary>
public static class ChallengeTsv
{
    /// <summary>A layer's file within the challenge's folder.</summary>
    /// <param name="layer">From 1.</param>
    public static string LayerPath(int neurons, int layer) => Path.Combine($"neuron{neurons}", $"n{neurons}-l{layer}.tsv");

    /// <summary>The inputs' file within the challenge's folder.</summary>
    public static string InputsPath(int neurons) => $"sparse-images-{neurons}.tsv";

    /// <summary>The categories' file within the challenge's folder.</summary>
    public static string CategoriesPath(int neurons, int layers) => $"neuron{neurons}-l{layers}-categories.tsv";

    /// <summary>Writes a layer's connections: byte for byte the challenge's file, if it is the challenge's layer.</summary>
    public static void WriteLayer(Stream stream, CompactLayer layer)
    {
        var lines = new Lines(stream);
        var (text, known) = (Array.Empty<byte>(), float.NaN);
        for (var row = 0; row < layer.Outputs; row++)
        {
            for (var k = layer.Offsets[row]; k < layer.Offsets[row + 1L]; k++)
            {
                if (layer.Values[k] != known)
                {
                    (known, text) = (layer.Values[k], WeightText(layer.Values[k]));
                }

                lines.Number(layer.Column(k) + 1);
                lines.Tab();
                lines.Number(row + 1);
                lines.Tab();
                lines.End(text);
            }
        }

        lines.Flush();
    }

    /// <summary>Reads a layer.</summary>
    /// <param name="stream">Lines in any order.</param>
    /// <param name="neurons">Inputs, and outputs.</param>
    /// <param name="bias">Of every output.</param>
    /// <param name="cap">Largest activation.</param>
    /// <exception cref="DatasetFormatException">Names the line, the value and what is allowed.</exception>
    public static CompactLayer ReadLayer(Stream stream, int neurons, float bias, float cap)
    {
        var connections = new List<(int Output, ushort Input, float Weight)>();
        using var lines = new TextLines(stream, "layer", quotes: false);
        while (lines.TryRead(out var line))
        {
            var (input, output) = (TakeNumber(ref line, lines, "input", neurons), TakeNumber(ref line, lines, "output", neurons));
            if (!NumberText.TryParse(line, out var weight))
            {
                throw lines.Fault("weight", Encoding.UTF8.GetString(line), "a number");
            }

            connections.Add((output - 1, (ushort)(input - 1), weight));
        }

        connections.Sort((a, b) => a.Output != b.Output ? a.Output.CompareTo(b.Output) : a.Input.CompareTo(b.Input));
        var offsets = new int[neurons + 1];
        for (var k = 0; k < connections.Count; k++)
        {
            offsets[connections[k].Output + 1]++;
            if (k > 0 && connections[k - 1].Output == connections[k].Output && connections[k - 1].Input == connections[k].Input)
            {
                throw new DatasetFormatException(
                    "layer connection", $"{connections[k].Input + 1} {connections[k].Output + 1} twice", "each connection once");
            }
        }

        for (var row = 0; row < neurons; row++)
        {
            offsets[row + 1] += offsets[row];
        }

        var biases = new float[neurons];
        Array.Fill(biases, bias);
        return new CompactLayer(
            neurons, offsets, [.. connections.Select(one => one.Input)], [.. connections.Select(one => one.Weight)], biases, cap);
    }

    /// <summary>Writes inputs, sorted by image and pixel.</summary>
    public static void WriteInputs(Stream stream, BitRows inputs)
    {
        var lines = new Lines(stream);
        for (var row = 0; row < inputs.Rows; row++)
        {
            for (var feature = 0; feature < inputs.Width; feature++)
            {
                if (inputs[row, feature])
                {
                    lines.Number(row + 1);
                    lines.Tab();
                    lines.Number(feature + 1);
                    lines.Tab();
                    lines.End("1"u8);
                }
            }
        }

        lines.Flush();
    }

    /// <summary>Reads inputs.</summary>
    /// <param name="stream">Lines in any order.</param>
    /// <param name="count">Images.</param>
    /// <param name="neurons">Pixels of each.</param>
    /// <exception cref="DatasetFormatException">Names the line, the value and what is allowed.</exception>
    public static BitRows ReadInputs(Stream stream, int count, int neurons)
    {
        var inputs = new BitRows(count, neurons);
        using var lines = new TextLines(stream, "inputs", quotes: false);
        while (lines.TryRead(out var line))
        {
            var (image, pixel) = (TakeNumber(ref line, lines, "image", count), TakeNumber(ref line, lines, "pixel", neurons));
            if (!line.SequenceEqual("1"u8))
            {
                throw lines.Fault("value", Encoding.UTF8.GetString(line), "1");
            }

            inputs[image - 1, pixel - 1] = true;
        }

        return inputs;
    }

    /// <summary>Writes categories.</summary>
    /// <param name="survivors">From 0, ascending; the file counts from 1.</param>
    public static void WriteCategories(Stream stream, IReadOnlyList<int> survivors)
    {
        var lines = new Lines(stream);
        foreach (var survivor in survivors)
        {
            lines.Number(survivor + 1);
            lines.End([]);
        }

        lines.Flush();
    }

    /// <summary>Reads categories.</summary>
    /// <returns>From 0, in the file's order.</returns>
    /// <exception cref="DatasetFormatException">Names the line, the value and what is allowed.</exception>
    public static int[] ReadCategories(Stream stream, int count)
    {
        var survivors = new List<int>();
        using var lines = new TextLines(stream, "categories", quotes: false);
        while (lines.TryRead(out var line))
        {
            survivors.Add(TakeNumber(ref line, lines, "image", count) - 1);
        }

        return [.. survivors];
    }

    // As C writes %e, with as many digits as the number needs.
    private static byte[] WeightText(float weight)
    {
        // A float32 by itself would be written with seven digits at most.
        var text = ((double)weight).ToString("0.000000e+00", CultureInfo.InvariantCulture);
        var isExact = float.Parse(text, CultureInfo.InvariantCulture) == weight;
        return Encoding.ASCII.GetBytes(isExact ? text : ((double)weight).ToString("0.00000000e+00", CultureInfo.InvariantCulture));
    }

    // A whole number from 1 and the tab behind it.
    private static int TakeNumber(ref ReadOnlySpan<byte> line, TextLines lines, string what, int most)
    {
        var isNumber = Utf8Parser.TryParse(line, out int number, out var used);
        if (!isNumber || number < 1 || number > most || (used < line.Length && line[used] != '\t'))
        {
            throw lines.Fault(what, Encoding.UTF8.GetString(line), $"a whole number from 1 to {most}, then a tab or the end");
        }

        line = line[Math.Min(used + 1, line.Length)..];
        return number;
    }

    /// <summary>Text on its way to a stream.</summary>
    private sealed class Lines(Stream stream)
    {
        private const int MostBytesOfPiece = 32;

        private readonly byte[] buffer = new byte[1 << 16];
        private int length;

        public void Number(int number)
        {
            if (buffer.Length - length < MostBytesOfPiece)
            {
                Flush();
            }

            Utf8Formatter.TryFormat(number, buffer.AsSpan(length), out var written);
            length += written;
        }

        // Behind a number there is room for the rest of a line.
        public void Tab() => buffer[length++] = (byte)'\t';

        public void End(ReadOnlySpan<byte> text)
        {
            text.CopyTo(buffer.AsSpan(length));
            length += text.Length;
            buffer[length++] = (byte)'\n';
        }

        public void Flush()
        {
            stream.Write(buffer, 0, length);
            length = 0;
        }
    }
}
