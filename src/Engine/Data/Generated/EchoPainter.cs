using SparseService.Engine.Training;

namespace SparseService.Engine.Data.Generated;

/// <summary>
/// Draws 256×256 pictures of a bat's call as an ear would see it, time to the right and frequency upwards: one sweep that falls (class 0) or rises
/// (class 1), at a random moment, pitch, steepness and loudness, in noise. 65,536 inputs for networks of millions of neurons; the two classes have
/// different mean pictures, so that even a few hundred rows teach something.
/// </summary>
internal sealed class EchoPainter(ulong seed)
{
    public const int Side = 256;

    public static readonly IReadOnlyList<string> Names = ["falling", "rising"];

    private readonly RowKeys keys = new(seed, GeneratedDatasetKind.Echoes);

    /// <summary>Paints a row's picture and returns its class, 0 or 1.</summary>
    public int Paint(int part, int row, Span<byte> pixels)
    {
        var sweep = keys.GroupOf(part, row, Names.Count);
        var random = keys.Row(part, row);
        var middle = (Time: (Side / 2) + random.NextDouble(-24, 24), Pitch: (Side / 2) + random.NextDouble(-24, 24));
        // Rows of the picture count downwards: a rising sweep has a falling line.
        var steepness = random.NextDouble(0.7, 1.3) * (sweep == 0 ? 1 : -1);
        var halfLength = random.NextDouble(70, 110);
        var width = random.NextDouble(8, 20);
        var loudness = random.NextDouble(120, 220);
        var noise = random.NextDouble(4, 20);
        for (var y = 0; y < Side; y++)
        {
            for (var x = 0; x < Side; x++)
            {
                var along = Math.Max(0, Math.Abs(x - middle.Time) - halfLength);
                var across = y - middle.Pitch - (steepness * (x - middle.Time));
                var distance = ((along * along) + (across * across)) / (width * width);
                var echo = distance < 8 ? loudness * Math.Exp(-distance) : 0;
                pixels[(y * Side) + x] = (byte)Math.Clamp(Math.Round(24 + echo + (noise * RowKeys.Bell(random.NextUInt64()))), 0, 255);
            }
        }

        return sweep;
    }
}
