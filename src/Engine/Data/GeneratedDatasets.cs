using SparseService.Engine.Data.Generated;
using SparseService.Engine.Training;

namespace SparseService.Engine.Data;

/// <summary>
/// Datasets that the engine draws by itself: each row is a function of (kind, seed, part, row) alone, whatever the number of
/// rows.
/// </summary>
public static class GeneratedDatasets
{
    private const int SamplesMax = 1_000_000;

    private delegate int Paint(int part, int row, Span<byte> pixels);

    /// <summary>Writes the dataset as a sample store, row by row in constant memory.</summary>
    /// <returns>The store's <see cref="SampleStore.ContentHash"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A sample count outside 1 to 1,000,000.</exception>
    public static string ToStore(GeneratedDataset what, string storePath, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(what);
        RequireSamples(what.TrainSamples, "trainSamples");
        RequireSamples(what.TestSamples, "testSamples");
        return what.Kind switch
        {
            GeneratedDatasetKind.Madelon => WriteMadelon(what, storePath, cancellationToken),
            GeneratedDatasetKind.Glyphs => WritePictures(
                what, storePath, GlyphPainter.Side, new GlyphPainter(what.Seed).Paint, GlyphShapes.Names, cancellationToken),
            GeneratedDatasetKind.Echoes => WritePictures(
                what, storePath, EchoPainter.Side, new EchoPainter(what.Seed).Paint, EchoPainter.Names, cancellationToken),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what.Kind, "Kind must be madelon, glyphs or echoes."),
        };
    }

    /// <summary>What the dataset will be, without drawing it.</summary>
    public static DatasetShape ShapeOf(GeneratedDataset what)
    {
        ArgumentNullException.ThrowIfNull(what);
        var (features, classes) = what.Kind switch
        {
            GeneratedDatasetKind.Madelon => (MadelonRows.Features, 2),
            GeneratedDatasetKind.Glyphs => (GlyphPainter.Side * GlyphPainter.Side, GlyphShapes.Names.Count),
            GeneratedDatasetKind.Echoes => (EchoPainter.Side * EchoPainter.Side, EchoPainter.Names.Count),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what.Kind, "Kind must be madelon, glyphs or echoes."),
        };
        return new DatasetShape(features, classes, what.TrainSamples, what.TestSamples);
    }

    private static string WriteMadelon(GeneratedDataset what, string storePath, CancellationToken cancellationToken)
    {
        var layout = new SampleLayout(MadelonRows.Features, SampleElement.Float, Regression: false);
        using var writer = new SampleStoreWriter(storePath, layout, new DatasetLimits());
        var rows = new MadelonRows(what.Seed);
        var values = new float[MadelonRows.Features];
        foreach (var (part, row) in Rows(what, writer, cancellationToken))
        {
            writer.AppendLabel(rows.Draw(part, row, values));
            writer.Append(values);
        }

        return writer.Complete(["-1", "1"], [0, 1]);
    }

    private static string WritePictures(
        GeneratedDataset what, string storePath, int side, Paint paint, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var layout = new SampleLayout(side * side, SampleElement.Byte, Regression: false) { Image = new ImageShape(side, side, 1) };
        using var writer = new SampleStoreWriter(storePath, layout, new DatasetLimits());
        var pixels = new byte[side * side];
        foreach (var (part, row) in Rows(what, writer, cancellationToken))
        {
            writer.AppendLabel(paint(part, row, pixels));
            writer.Append(pixels);
        }

        return writer.Complete([.. names], [.. Enumerable.Range(0, names.Count)]);
    }

    private static IEnumerable<(int Part, int Row)> Rows(
        GeneratedDataset what, SampleStoreWriter writer, CancellationToken cancellationToken)
    {
        for (var part = 0; part < 2; part++)
        {
            for (var row = 0; row < (part == 0 ? what.TrainSamples : what.TestSamples); row++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return (part, row);
            }

            if (part == 0)
            {
                writer.BeginTestPart();
            }
        }
    }

    private static void RequireSamples(int samples, string name)
    {
        if (samples is < 1 or > SamplesMax)
        {
            throw new ArgumentOutOfRangeException(name, samples, $"Must be 1 to {SamplesMax}.");
        }
    }
}
