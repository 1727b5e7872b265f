using System.Globalization;

namespace SparseService.Engine.Data.Readers;

/// <summary>Decimal text to float32, always in the invariant culture.</summary>
internal static class NumberText
{
    private const int ExactMantissa = 1 << 24;

    private static ReadOnlySpan<float> PowersOfTen => [1, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f, 1e9f, 1e10f];

    /// <summary>False also for NaN, infinities and numbers beyond float32.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out float value) =>
        TryParseShort(text, out value)
        || (float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && float.IsFinite(value));

    // Nearly every number in a data file is short. Mantissa < 2²⁴ and power of ten ≤ 10¹⁰ are exact floats, so one division rounds
    // correctly and the result is the one that float.TryParse gives (Clinger's fast path).
    private static bool TryParseShort(ReadOnlySpan<byte> text, out float value)
    {
        value = 0;
        var negative = !text.IsEmpty && text[0] == '-';
        var mantissa = 0;
        var digits = 0;
        var point = -1;
        for (var i = negative ? 1 : 0; i < text.Length; i++)
        {
            var digit = text[i] - '0';
            if ((uint)digit <= 9)
            {
                mantissa = (mantissa * 10) + digit;
                digits++;
                if (mantissa > ExactMantissa || digits > 10)
                {
                    return false;
                }
            }
            else if (text[i] == '.' && point < 0)
            {
                point = digits;
            }
            else
            {
                return false;
            }
        }

        if (digits == 0)
        {
            return false;
        }

        value = point < 0 ? mantissa : mantissa / PowersOfTen[digits - point];
        value = negative ? -value : value;
        return true;
    }
}
