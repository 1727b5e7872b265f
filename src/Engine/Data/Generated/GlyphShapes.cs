namespace SparseService.Engine.Data.Generated;

/// <summary>
/// The ten glyphs as strokes: each a chain of points in a square from −1 to 1, y downwards. Chosen so that some differ by little once
/// they are turned, sheared and bent: bar and slash, ring and spiral, wave and zigzag, corner, arch and triangle.
/// </summary>
internal static class GlyphShapes
{
    private static readonly (string Name, (double X, double Y)[][] Strokes)[] Shapes =
    [
        ("ring", [Arc(0, 0, 0.8, 0, 360)]),
        ("bar", [Line((0, -0.95), (0, 0.95))]),
        ("slash", [Line((-0.65, 0.75), (0.65, -0.75))]),
        ("cross", [Line((0, -0.85), (0, 0.85)), Line((-0.85, 0), (0.85, 0))]),
        ("corner", [Line((-0.7, -0.85), (-0.7, 0.75), (0.75, 0.75))]),
        ("wave", [Wave()]),
        ("arch", [[.. Line((-0.7, 0.85), (-0.7, 0)), .. Arc(0, 0, 0.7, 180, 360), .. Line((0.7, 0), (0.7, 0.85))]]),
        ("zigzag", [Line((-0.95, 0.4), (-0.4, -0.45), (0.1, 0.4), (0.5, -0.45), (0.95, 0.35))]),
        ("triangle", [Line((0, -0.85), (0.85, 0.7), (-0.85, 0.7), (0, -0.85))]),
        ("spiral", [Spiral()]),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. Shapes.Select(shape => shape.Name)];

    public static ReadOnlySpan<(double X, double Y)[]> Strokes(int glyph) => Shapes[glyph].Strokes;

    // Points stand close together, so that bending the plane bends the stroke.
    private static (double X, double Y)[] Line(params (double X, double Y)[] corners)
    {
        const int Steps = 6;
        var points = new List<(double, double)> { corners[0] };
        for (var i = 1; i < corners.Length; i++)
        {
            for (var step = 1; step <= Steps; step++)
            {
                var along = (double)step / Steps;
                points.Add((
                    corners[i - 1].X + (along * (corners[i].X - corners[i - 1].X)),
                    corners[i - 1].Y + (along * (corners[i].Y - corners[i - 1].Y))));
            }
        }

        return [.. points];
    }

    private static (double X, double Y)[] Arc(double centerX, double centerY, double radius, double fromDegrees, double toDegrees) =>
        Curve(20, along =>
        {
            var angle = double.DegreesToRadians(fromDegrees + (along * (toDegrees - fromDegrees)));
            return (centerX + (radius * Math.Cos(angle)), centerY + (radius * Math.Sin(angle)));
        });

    private static (double X, double Y)[] Wave() =>
        Curve(24, along => ((1.9 * along) - 0.95, -0.45 * Math.Sin(along * 2.3 * Math.PI)));

    private static (double X, double Y)[] Spiral() =>
        Curve(30, along =>
        {
            var angle = 0.5 + (along * 3.3 * Math.PI);
            var radius = 0.1 + (0.75 * along);
            return (radius * Math.Cos(angle), radius * Math.Sin(angle));
        });

    private static (double X, double Y)[] Curve(int steps, Func<double, (double X, double Y)> at) =>
        [.. Enumerable.Range(0, steps + 1).Select(step => at((double)step / steps))];
}
