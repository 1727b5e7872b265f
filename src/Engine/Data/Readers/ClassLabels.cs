using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace SparseService.Engine.Data.Readers;

/// <summary>
/// Turns labels into classes whose order does not depend on the order of rows: numbers ascending when all training labels are numbers
/// ("1" and "1.0" are one class), else texts in ordinal order. Rows get provisional numbers until the last label is known.
/// </summary>
internal sealed class ClassLabels(DatasetLimits limits)
{
    private const int LabelBytesMax = 256;

    private readonly Dictionary<string, int> idOfText = new(StringComparer.Ordinal);
    private readonly Dictionary<double, int> idOfNumber = [];
    private readonly List<Seen> seen = [];
    private int trainCount = -1;

    private sealed record Seen(string Text, double? Number, string Role, long Row);

    /// <summary>What comes now belongs to the test part: it must not bring new classes.</summary>
    public void BeginTestPart() => trainCount = seen.Count;

    public int IdOf(ReadOnlySpan<byte> utf8, string role, long row)
    {
        if (utf8.IsEmpty || utf8.Length > LabelBytesMax)
        {
            throw new DatasetFormatException(
                $"{role} label", utf8.IsEmpty ? "empty" : $"{utf8.Length} bytes long", $"1 to {LabelBytesMax} bytes", row);
        }

        Span<char> text = stackalloc char[LabelBytesMax];
        if (Utf8.ToUtf16(utf8, text, out _, out var length, replaceInvalidSequences: false) != OperationStatus.Done)
        {
            throw new DatasetFormatException($"{role} label", Convert.ToHexString(utf8[..Math.Min(utf8.Length, 40)]), "text in UTF-8", row);
        }

        text = text[..length];
        if (idOfText.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var id))
        {
            return id;
        }

        var isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
        if (isNumber && !double.IsFinite(number))
        {
            throw new DatasetFormatException($"{role} label", text.ToString(), "a class name or a finite number", row);
        }

        return Add(text.ToString(), isNumber ? number + 0.0 : null, role, row);
    }

    public int IdOf(double number, string role, long row)
    {
        if (idOfNumber.TryGetValue(number, out var id))
        {
            return id;
        }

        id = double.IsFinite(number)
            ? Add(NameOf(number + 0.0), number + 0.0, role, row)
            : throw new DatasetFormatException($"{role} label", NameOf(number), "a finite number", row);
        idOfNumber[number] = id;
        return id;
    }

    /// <summary>Class names in class order, and the class of each provisional number.</summary>
    /// <exception cref="DatasetFormatException">One class only, or a test label that no training row has.</exception>
    public (string[] Names, int[] ClassOf) Finish()
    {
        var train = seen[..(trainCount < 0 ? seen.Count : trainCount)];
        var numeric = train.TrueForAll(label => label.Number is not null);
        var classOf = new int[seen.Count];
        string[] names;
        Func<Seen, int> find;
        if (numeric)
        {
            var numbers = train.Select(label => label.Number!.Value).Distinct().Order().ToArray();
            names = Array.ConvertAll(numbers, NameOf);
            find = label => label.Number is { } number ? Array.BinarySearch(numbers, number) : -1;
        }
        else
        {
            names = train.Select(label => label.Text).Order(StringComparer.Ordinal).ToArray();
            find = label => Array.BinarySearch(names, label.Text, StringComparer.Ordinal);
        }

        if (names.Length < 2)
        {
            throw new DatasetFormatException(
                "labels", $"{names.Length} class ({string.Join(", ", names)})", "at least 2 classes among the training rows");
        }

        for (var id = 0; id < classOf.Length; id++)
        {
            classOf[id] = find(seen[id]);
            if (classOf[id] < 0)
            {
                throw new DatasetFormatException(
                    $"{seen[id].Role} label", seen[id].Text, $"a label of the training part: {Listed(names)}", seen[id].Row);
            }
        }

        return (names, classOf);
    }

    private static string NameOf(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string Listed(string[] names)
    {
        var shown = new StringBuilder().AppendJoin(", ", names.Take(10));
        return names.Length > 10 ? shown.Append(" …").ToString() : shown.ToString();
    }

    private int Add(string text, double? number, string role, long row)
    {
        if (seen.Count >= limits.Classes)
        {
            throw new DatasetFormatException(
                $"{role} label", $"class number {seen.Count + 1} ({text})",
                $"at most {limits.Classes} classes; numbers to predict need regression = true", row);
        }

        seen.Add(new Seen(text, number, role, row));
        idOfText[text] = seen.Count - 1;
        return seen.Count - 1;
    }
}
