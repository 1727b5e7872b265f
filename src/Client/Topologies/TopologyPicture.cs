using System.Text;
using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Topologies;

/// <summary>How a layer is connected, in characters.</summary>
internal static class TopologyPicture
{
    private const string Shades = " ░▒▓█";
    private const int Columns = 48;

    /// <summary>Cells of the grid asked for: two of them, one above the other, make a character's shape square.</summary>
    public const int Cells = Columns;

    /// <summary>Where the connections lie: a row of characters for every two rows of cells; inputs across, outputs down.</summary>
    public static void WriteSpy(JsonElement spy)
    {
        var counts = spy.Items("counts").Select(count => count.GetInt32()).ToArray();
        var (rows, columns) = ((int)(spy.Whole("gridRows") ?? 0), (int)(spy.Whole("gridColumns") ?? 0));
        var most = 0;
        var pairs = new int[(rows + 1) / 2, columns];
        for (var cell = 0; cell < counts.Length; cell++)
        {
            most = Math.Max(most, pairs[cell / columns / 2, cell % columns] += counts[cell]);
        }

        var (inputs, outputs) = (Words.Count(spy.Number("inputs")), Words.Count(spy.Number("outputs")));
        Console.WriteLine($"Layer {spy.Whole("layer")}: {inputs} inputs across, {outputs} outputs down");
        for (var row = 0; row < pairs.GetLength(0); row++)
        {
            var line = new StringBuilder("  ");
            for (var column = 0; column < columns; column++)
            {
                var count = pairs[row, column];
                line.Append(count == 0 ? ' '
                    : Shades[1 + (int)Math.Min(Shades.Length - 2, (long)count * (Shades.Length - 1) / (most + 1))]);
            }

            Console.WriteLine(line.ToString());
        }
    }

    /// <summary>How many neurons have how many connections.</summary>
    public static void WriteDegrees(JsonElement layer, string histogram, string title)
    {
        var bins = layer.Items(histogram);
        if (bins.Count == 0)
        {
            return;
        }

        Console.WriteLine($"Layer {layer.Whole("layer")}, {title}");
        var most = bins.Max(bin => bin.Number("neurons") ?? 0);
        var labels = bins.Select(bin => bin.Whole("from") == bin.Whole("to") ? $"{bin.Whole("from")}"
            : $"{bin.Whole("from")}-{bin.Whole("to")}");
        var width = labels.Max(label => label.Length);
        foreach (var (bin, label) in bins.Zip(labels))
        {
            var neurons = bin.Number("neurons") ?? 0;
            var bar = new string('█', (int)Math.Round(neurons / Math.Max(1, most) * Columns));
            Console.WriteLine($"  {label.PadLeft(width)}  {bar.PadRight(1, neurons > 0 ? '▏' : ' ')} {Words.Count(neurons)}");
        }
    }
}
