namespace SparseService.Api.Models.Predictions;

/// <summary>What is wrong with a row.</summary>
internal static class RowFault
{
    public const string Finite = "a finite number";

    /// <param name="row">From 0, as the JSON path counts.</param>
    public static RefusedException NotFinite(long row, int feature, float value) =>
        Unprocessable("A value is not a number.", ApiFault.Of($"$.rows[{row}][{feature}]", value, Finite));

    public static RefusedException Count(long row, int values, int features) =>
        Unprocessable("A row has the wrong number of values.", ApiFault.Of($"$.rows[{row}]", $"{values} values", Allowed(features)));

    /// <summary>Of a format with a row on each line: people count lines, and rows, from 1.</summary>
    public static RefusedException InLine(long row, long line, int? field, string value, string allowed)
    {
        var where = $"row {row}{(line == row ? "" : $" (line {line})")}{(field is null ? "" : $", field {field}")}";
        var fault = ApiFault.Of(field is null ? $"row {row}" : $"field {field}", value, allowed);
        return Unprocessable(
            "A row cannot be read.", fault with { Message = $"{where} is {fault.Value}; allowed: {allowed}", Row = row });
    }

    public static string Allowed(int features) => $"{features} values, the model's features";

    public static RefusedException Unprocessable(string detail, ApiFault fault) => new(Refused.Unprocessable(detail, fault));

    public static RefusedException Malformed(string path, string value, string allowed) =>
        new(Refused.BadRequest(ApiFault.Of(path, value, allowed)));
}
