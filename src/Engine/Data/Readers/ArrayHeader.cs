namespace SparseService.Engine.Data.Readers;

internal enum NumberType
{
    UInt8,
    Int8,
    UInt16,
    Int16,
    UInt32,
    Int32,
    UInt64,
    Int64,
    Float16,
    Float32,
    Float64,
}

/// <summary>What an IDX or NPY header says: items of one type, row-major, first dimension = rows.</summary>
internal sealed record ArrayHeader(NumberType Type, bool BigEndian, IReadOnlyList<long> Shape)
{
    public int ItemBytes => Type switch
    {
        NumberType.UInt8 or NumberType.Int8 => 1,
        NumberType.UInt16 or NumberType.Int16 or NumberType.Float16 => 2,
        NumberType.UInt32 or NumberType.Int32 or NumberType.Float32 => 4,
        _ => 8,
    };

    public long Rows => Shape[0];

    public SampleElement Element => Type == NumberType.UInt8 ? SampleElement.Byte : SampleElement.Float;

    /// <summary>[rows, height, width] or [rows, height, width, 1, 3 or 4 channels] are pictures.</summary>
    public ImageShape? Image => Shape switch
    {
        [_, var height, var width] => new ImageShape((int)height, (int)width, 1),
        [_, var height, var width, 1 or 3 or 4] => new ImageShape((int)height, (int)width, (int)Shape[3]),
        _ => null,
    };

    /// <summary>Items per row of a sample array.</summary>
    /// <exception cref="DatasetFormatException">The shape is not that of samples, or beyond the limits.</exception>
    public int RequireFeatures(string role, DatasetLimits limits)
    {
        RequireShape(role, Shape.Count is >= 2 and <= 4, "2 to 4 dimensions, rows first");
        RequireShape(role, Rows <= limits.Rows, $"at most {limits.Rows} rows");
        Int128 features = 1;
        foreach (var size in Shape.Skip(1))
        {
            RequireShape(role, size >= 1 && size <= limits.Features, $"dimensions of 1 to {limits.Features}");
            features *= size;
        }

        RequireShape(role, features <= limits.Features, $"at most {limits.Features} features per row");
        var storeBytes = features * Rows * (Element == SampleElement.Byte ? 1 : sizeof(float));
        RequireShape(role, storeBytes <= limits.StoreBytes, $"at most {limits.StoreBytes} bytes as a sample store");
        return (int)features;
    }

    /// <exception cref="DatasetFormatException">Not one label per row.</exception>
    public void RequireLabels(string role, long rows)
    {
        RequireShape(role, Shape is [_] or [_, 1], "1 dimension: one label per row");
        if (Rows != rows)
        {
            throw new DatasetFormatException($"{role} rows", $"{Rows}", $"{rows}, one label per sample");
        }
    }

    private void RequireShape(string role, bool holds, string allowed)
    {
        if (!holds)
        {
            throw new DatasetFormatException($"{role} shape", $"({string.Join(", ", Shape)})", allowed);
        }
    }
}
