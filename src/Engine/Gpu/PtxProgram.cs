using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SparseService.Engine.Gpu;

/// <summary>A program lowered to PTX, as it is embedded in this assembly, and what its text says of its entries.</summary>
internal sealed partial class PtxProgram
{
    private static readonly ConcurrentDictionary<string, PtxProgram?> Programs = new();

    public PtxProgram(string text)
    {
        Text = text;
        Entries = EntryHead().Matches(text).Select(PtxEntry.Of).ToDictionary(entry => entry.Name);
    }

    public string Text { get; }

    public IReadOnlyDictionary<string, PtxEntry> Entries { get; }

    /// <summary>Null where there is none of these options.</summary>
    public static PtxProgram? Find(string program, string options) => KernelSource.Names.Contains(program)
        ? Programs.GetOrAdd(PtxVariants.FileName(program, options), Read)
        : null;

    private static PtxProgram? Read(string file)
    {
        using var stream = typeof(PtxProgram).Assembly.GetManifestResourceStream(file);
        if (stream is null)
        {
            return null;
        }

        using var reader = new StreamReader(stream);
        return new PtxProgram(reader.ReadToEnd());
    }

    [GeneratedRegex(@"^\.visible \.entry (?<name>\w+)\(\n(?<parameters>.*?)^\)", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex EntryHead();
}

/// <summary>A kernel's name and parameters.</summary>
internal sealed partial record PtxEntry(string Name, IReadOnlyList<PtxParameter> Parameters)
{
    // Of the largest thing that a kernel keeps there, a vector of four floats.
    private const int LocalAlignment = 16;

    /// <summary>Of all arguments, each at its alignment.</summary>
    public int Bytes => Parameters.Count == 0 ? 0 : Parameters[^1].Offset + Parameters[^1].Bytes;

    /// <summary>Where local arguments begin in what a group shares.</summary>
    /// <param name="bytes">Of each argument.</param>
    /// <param name="total">Bytes of all of them.</param>
    public static int[] LayOut(ReadOnlySpan<int> bytes, out int total)
    {
        var offsets = new int[bytes.Length];
        total = 0;
        for (var index = 0; index < bytes.Length; index++)
        {
            offsets[index] = total;
            total += (bytes[index] + LocalAlignment - 1) / LocalAlignment * LocalAlignment;
        }

        return offsets;
    }

    /// <summary>What is wrong with an argument; null if nothing is.</summary>
    public string? Fault(int index, ArgumentKind kind, int bytes)
    {
        if (index >= Parameters.Count)
        {
            return $"the kernel has {Parameters.Count} parameters";
        }

        var parameter = Parameters[index];
        return parameter.Kind != kind ? $"given as {kind}, the kernel's is {parameter.Kind}"
            : kind != ArgumentKind.Local && bytes != parameter.Bytes ? $"has {bytes} bytes, the kernel's {parameter.Bytes}"
            : null;
    }

    internal static PtxEntry Of(Match head)
    {
        var parameters = new List<PtxParameter>();
        var end = 0;
        foreach (Match match in Parameter().Matches(head.Groups["parameters"].Value))
        {
            var parameter = PtxParameter.Of(match, end);
            end = parameter.Offset + parameter.Bytes;
            parameters.Add(parameter);
        }

        return new PtxEntry(head.Groups["name"].Value, parameters);
    }

    [GeneratedRegex(
        @"\.param( \.align (?<align>\d+))? \.(?<type>[bfsu]\d+)(?<global> \.ptr \.global)?( \.align \d+)? \w+(\[(?<count>\d+)\])?")]
    private static partial Regex Parameter();
}

/// <param name="Offset">From the first argument, by the alignments of both.</param>
internal sealed record PtxParameter(ArgumentKind Kind, int Bytes, int Alignment, int Offset)
{
    /// <summary>The type of offsets into what a group shares: nothing else has it, numbers being .u, .s and .f, and structures arrays of
    /// .b8.</summary>
    public const string LocalType = "b32";

    public bool IsLocal => Kind == ArgumentKind.Local;

    internal static PtxParameter Of(Match match, int end)
    {
        var type = match.Groups["type"].Value;
        var bytes = int.Parse(type.AsSpan(1), CultureInfo.InvariantCulture) / 8;
        var alignment = match.Groups["align"].Success ? int.Parse(match.Groups["align"].ValueSpan, CultureInfo.InvariantCulture) : bytes;
        var count = match.Groups["count"].Success ? int.Parse(match.Groups["count"].ValueSpan, CultureInfo.InvariantCulture) : 1;
        var kind = type == LocalType ? ArgumentKind.Local : match.Groups["global"].Success ? ArgumentKind.Memory : ArgumentKind.Value;
        return new PtxParameter(kind, bytes * count, alignment, (end + alignment - 1) / alignment * alignment);
    }
}
