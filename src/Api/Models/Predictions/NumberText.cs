using System.Buffers.Text;

namespace SparseService.Api.Models.Predictions;

/// <summary>Reads numbers as JSON writes them. A stream of rows is mostly digits: reading them takes longer than predicting.</summary>
internal static class NumberText
{
    // A whole number up to 2²⁴ and a power of ten up to 10¹⁰ are float32 without rounding, so their quotient is the nearest float32
    // (Clinger, "How to read floating point numbers accurately", 1990).
    private const int LargestExact = 1 << 24;
    private static readonly float[] Powers = [1, 10, 100, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f, 1e9f, 1e10f];

    /// <summary>Reads the number that begins at <paramref name="at"/>, and moves behind it.</summary>
    /// <param name="value">The nearest float32; infinite beyond its range.</param>
    /// <returns>False where none begins; <paramref name="at"/> stays.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, ref int at, out float value)
    {
        value = 0;
        var end = at;
        var isNegative = end < text.Length && text[end] == '-';
        end += isNegative ? 1 : 0;
        var (digits, whole) = (0L, Digits(text, end));
        if (whole == end || (text[end] == '0' && whole > end + 1))
        {
            return false;
        }

        Add(text[end..whole], ref digits);
        var (decimals, isPlain) = (0, true);
        end = whole;
        if (end < text.Length && text[end] == '.')
        {
            var last = Digits(text, end + 1);
            decimals = last - end - 1;
            if (decimals == 0)
            {
                return false;
            }

            Add(text[(end + 1)..last], ref digits);
            end = last;
        }

        if (end < text.Length && (text[end] | 0x20) == 'e')
        {
            var power = end + 1 < text.Length && text[end + 1] is (byte)'+' or (byte)'-' ? end + 2 : end + 1;
            end = Digits(text, power);
            isPlain = false;
            if (end == power)
            {
                return false;
            }
        }

        if (isPlain && digits <= LargestExact && decimals < Powers.Length)
        {
            value = digits / Powers[decimals];
            value = isNegative ? -value : value;
        }
        else if (!Utf8Parser.TryParse(text[at..end], out value, out var consumed) || consumed != end - at)
        {
            return false;
        }

        at = end;
        return true;
    }

    public static void SkipSpace(ReadOnlySpan<byte> text, ref int at)
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t' or (byte)'\r')
        {
            at++;
        }
    }

    private static int Digits(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length && (uint)(text[at] - '0') <= 9)
        {
            at++;
        }

        return at;
    }

    // More digits than count exactly stay above the bound.
    private static void Add(ReadOnlySpan<byte> text, ref long digits)
    {
        foreach (var digit in text)
        {
            digits = digits > LargestExact ? digits : (digits * 10) + (digit - '0');
        }
    }
}
