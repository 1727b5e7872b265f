namespace SparseService.Engine.Data;

/// <summary>The bytes of a dataset are not what they claim to be.</summary>
/// <param name="field">What was read: a file's role, a header field, a column or a row.</param>
/// <param name="value">What was found, shortened to 100 characters.</param>
/// <param name="allowed">What would be accepted.</param>
/// <param name="row">Row of the fault from 1 (in text files the line), null when it is not a row's fault.</param>
public sealed class DatasetFormatException(string field, string value, string allowed, long? row = null)
    : Exception($"{(row is null ? "" : $"Row {row}: ")}{field} is {Shortened(value)}; allowed: {allowed}")
{
    private const int ValueLengthMax = 100;

    public string Field { get; } = field;

    public string Value { get; } = Shortened(value);

    public string Allowed { get; } = allowed;

    public long? Row { get; } = row;

    private static string Shortened(string value) => value.Length <= ValueLengthMax ? value : value[..(ValueLengthMax - 2)] + " …";
}
