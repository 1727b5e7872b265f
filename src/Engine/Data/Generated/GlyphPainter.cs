using SparseService.Engine.Training;

namespace SparseService.Engine.Data.Generated;

/// <summary>
/// Draws 28×28 pictures of ten glyphs: strokes of varying thickness under a random affine map and an elastic bend, with varying ink,
/// sometimes a stray stroke, and noise. Learnable by a small network, but not by looking at single pixels.
/// </summary>
internal sealed class GlyphPainter(ulong seed)
{
    public const int Side = 28;

    private const int BendCells = 4;
    private const double UnitPixels = 10;

    private readonly RowKeys keys = new(seed, GeneratedDatasetKind.Glyphs);
    private readonly float[] ink = new float[Side * Side];
    private readonly double[] bend = new double[BendCells * BendCells * 2];

    /// <summary>Position of a glyph's point in the picture: bent, then mapped.</summary>
    private readonly record struct Placement(double XX, double XY, double YX, double YY, double X, double Y);

    /// <summary>Paints a row's picture and returns its class, 0 to 9.</summary>
    public int Paint(int part, int row, Span<byte> pixels)
    {
        var glyph = keys.GroupOf(part, row, GlyphShapes.Names.Count);
        var random = keys.Row(part, row);
        Array.Clear(ink);
        foreach (ref var offset in bend.AsSpan())
        {
            offset = 0.085 * random.NextNormal();
        }

        var placement = Place(ref random);
        var thickness = random.NextDouble(1.3, 3.2);
        foreach (var stroke in GlyphShapes.Strokes(glyph))
        {
            DrawStroke(stroke, placement, thickness);
        }

        if (random.NextDouble() < 0.3)
        {
            DrawStray(ref random);
        }

        Develop(ref random, pixels);
        return glyph;
    }

    private static Placement Place(ref RandomStream random)
    {
        var angle = double.DegreesToRadians(Math.Clamp(10 * random.NextNormal(), -25, 25));
        var width = UnitPixels * random.NextDouble(0.68, 1.08);
        var height = UnitPixels * random.NextDouble(0.68, 1.08);
        var shear = random.NextDouble(-0.25, 0.25);
        var (sin, cos) = Math.SinCos(angle);
        return new Placement(
            cos * width, ((cos * shear) - sin) * height, sin * width, ((sin * shear) + cos) * height,
            (Side / 2.0) + random.NextDouble(-2.5, 2.5), (Side / 2.0) + random.NextDouble(-2.5, 2.5));
    }

    private void DrawStroke(ReadOnlySpan<(double X, double Y)> points, in Placement placement, double thickness)
    {
        var from = Map(points[0], placement);
        foreach (var point in points[1..])
        {
            var to = Map(point, placement);
            DrawSegment(from, to, thickness / 2, 1);
            from = to;
        }
    }

    /// <summary>A short mark that belongs to no glyph.</summary>
    private void DrawStray(ref RandomStream random)
    {
        var from = (X: random.NextDouble(2, Side - 2), Y: random.NextDouble(2, Side - 2));
        var to = (from.X + random.NextDouble(-6, 6), from.Y + random.NextDouble(-6, 6));
        DrawSegment(from, to, random.NextDouble(0.5, 1), (float)random.NextDouble(0.4, 0.9));
    }

    private (double X, double Y) Map((double X, double Y) point, in Placement placement)
    {
        var (x, y) = Bend(point);
        return (placement.X + (placement.XX * x) + (placement.XY * y), placement.Y + (placement.YX * x) + (placement.YY * y));
    }

    // The elastic field: random offsets on a coarse grid over the square, bilinear in between.
    private (double X, double Y) Bend((double X, double Y) point)
    {
        var gridX = Math.Clamp((point.X + 1) / 2 * (BendCells - 1), 0, BendCells - 1.001);
        var gridY = Math.Clamp((point.Y + 1) / 2 * (BendCells - 1), 0, BendCells - 1.001);
        var (column, line) = ((int)gridX, (int)gridY);
        var (right, down) = (gridX - column, gridY - line);
        var at = ((line * BendCells) + column) * 2;
        const int NextLine = BendCells * 2;
        double Mix(int axis) =>
            ((1 - down) * (((1 - right) * bend[at + axis]) + (right * bend[at + 2 + axis])))
            + (down * (((1 - right) * bend[at + NextLine + axis]) + (right * bend[at + NextLine + 2 + axis])));
        return (point.X + Mix(0), point.Y + Mix(1));
    }

    // Anti-aliased: a pixel's ink falls from 1 to 0 within the pixel that the stroke's edge crosses. Strokes that overlap do not add up.
    private void DrawSegment((double X, double Y) from, (double X, double Y) to, double radius, float strength)
    {
        var reach = radius + 1;
        var left = Math.Max(0, (int)Math.Floor(Math.Min(from.X, to.X) - reach));
        var right = Math.Min(Side - 1, (int)Math.Ceiling(Math.Max(from.X, to.X) + reach));
        var top = Math.Max(0, (int)Math.Floor(Math.Min(from.Y, to.Y) - reach));
        var bottom = Math.Min(Side - 1, (int)Math.Ceiling(Math.Max(from.Y, to.Y) + reach));
        var (alongX, alongY) = (to.X - from.X, to.Y - from.Y);
        var length = Math.Max((alongX * alongX) + (alongY * alongY), 1e-9);
        for (var y = top; y <= bottom; y++)
        {
            for (var x = left; x <= right; x++)
            {
                var (offsetX, offsetY) = (x + 0.5 - from.X, y + 0.5 - from.Y);
                var nearest = Math.Clamp(((offsetX * alongX) + (offsetY * alongY)) / length, 0, 1);
                var (awayX, awayY) = (offsetX - (nearest * alongX), offsetY - (nearest * alongY));
                var distance = Math.Sqrt((awayX * awayX) + (awayY * awayY));
                var coverage = strength * (float)Math.Clamp(radius + 0.5 - distance, 0, 1);
                ref var pixel = ref ink[(y * Side) + x];
                pixel = Math.Max(pixel, coverage);
            }
        }
    }

    private void Develop(ref RandomStream random, Span<byte> pixels)
    {
        var full = random.NextDouble(150, 255);
        var grain = random.NextDouble(4, 22);
        var paper = random.NextDouble(-10, 12);
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)Math.Clamp(Math.Round(paper + (full * ink[i]) + (grain * RowKeys.Bell(random.NextUInt64()))), 0, 255);
        }
    }
}
