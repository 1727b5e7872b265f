namespace SparseService.Engine.Data;

/// <summary>
/// All samples and labels of a dataset in one memory-mapped, immutable file: rows of a training part, then rows of a test part.
/// Features are bytes (images) or float32, row-major. Safe to read from several threads.
/// </summary>
public sealed class SampleStore : IDisposable
{
    /// <exception cref="DatasetFormatException">Not a sample store, or a damaged one.</exception>
    public static SampleStore Open(string path) => throw new NotSupportedException();

    /// <summary>SHA-256 of the file, lower-case hex. Identifies the dataset's content.</summary>
    public string ContentHash => throw new NotSupportedException();

    public long Rows => throw new NotSupportedException();

    /// <summary>Rows [0, TrainRows) are the training part; the others the test part. Equal to <see cref="Rows"/> when the dataset brought no test part.</summary>
    public long TrainRows => throw new NotSupportedException();

    public int Features => throw new NotSupportedException();

    /// <summary>Number of classes; 0 when labels are regression targets.</summary>
    public int Classes => throw new NotSupportedException();

    /// <summary>One per class, e.g. the text of the label column; decimal numbers where labels were numbers. Empty for regression.</summary>
    public IReadOnlyList<string> ClassNames => throw new NotSupportedException();

    /// <summary>Column names; empty when the source had none.</summary>
    public IReadOnlyList<string> FeatureNames => throw new NotSupportedException();

    /// <summary>Height, width and channels when a row is an image, else null. Feature = (y·width + x)·channels + c.</summary>
    public ImageShape? Image => throw new NotSupportedException();

    /// <summary>Samples per class over all rows; empty for regression.</summary>
    public IReadOnlyList<long> ClassCounts => throw new NotSupportedException();

    /// <summary>Class of a row, from 0; only for classification.</summary>
    public int ClassOf(long row) => throw new NotSupportedException();

    /// <summary>Regression target of a row.</summary>
    public float TargetOf(long row) => throw new NotSupportedException();

    /// <summary>Raw features of a row, converted to float (bytes stay 0 to 255).</summary>
    /// <param name="row">0 to Rows − 1.</param>
    /// <param name="features">Length = <see cref="Features"/>.</param>
    public void ReadRow(long row, Span<float> features) => throw new NotSupportedException();

    /// <summary>Gathers a minibatch, transposed and normalised: x[f·B + s] = (raw[rows[s], f] − shift[f])·scale[f] with B = rows.Length.</summary>
    /// <param name="rows">The samples of the minibatch.</param>
    /// <param name="shift">Per feature, as <see cref="Normalization"/> computed it from the training part.</param>
    /// <param name="scale">Per feature.</param>
    /// <param name="x">[feature, sample]; length = Features·B; overwritten.</param>
    public void Gather(ReadOnlySpan<int> rows, ReadOnlySpan<float> shift, ReadOnlySpan<float> scale, Span<float> x) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}

public sealed record ImageShape(int Height, int Width, int Channels);
