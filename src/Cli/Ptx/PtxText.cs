using System.Text.RegularExpressions;
using SparseService.Engine.Gpu;

namespace SparseService.Cli.Ptx;

/// <summary>Makes what clang writes for NVIDIA's OpenCL driver into what the CUDA driver loads.</summary>
/// <remarks>
/// That target (nvcl) has the same instructions as clang's CUDA target, and says of each pointer parameter where it points to.
/// <para>
/// A <c>local</c> parameter is a pointer into shared memory. OpenCL's driver gives such pointers; CUDA's launch takes the number of
/// dynamic bytes only, and where these begin is not 0: static arrays of the kernel lie before them, and on later GPUs memory of the
/// system. So the parameter becomes an offset of 32 bits, and wherever the kernel loads it, the address of the dynamic memory is added.
/// </para>
/// </remarks>
internal static partial class PtxText
{
    private const string Dynamic = "\n.extern .shared .align 16 .b8 dynamic_shared[];\n";

    /// <param name="head">First line, without comment signs.</param>
    /// <exception cref="CliFault">The text has something that this does not know.</exception>
    public static string ForCuda(string text, string head)
    {
        var code = Comment().Replace(text, "").Replace(", texmode_independent", "", StringComparison.Ordinal);
        code = Entry().Replace(code, ".visible .entry ");
        var locals = LocalParameter().Matches(code).Select(match => match.Groups["name"].Value).ToHashSet();
        code = LocalParameter().Replace(code, $".param .{PtxParameter.LocalType} ${{name}}");
        code = locals.Aggregate(code, WithAddress);
        if (locals.Count > 0)
        {
            code = Body().Replace(code, "{\n\t.reg .b32 \t%offset;\n\t.reg .b64 \t%dynamic;");
            code = AddressSize().Replace(code, $"$0{Dynamic}", 1);
        }

        return $"// {head}\n{BlankLines().Replace(code, "\n\n").Trim()}\n";
    }

    private static string WithAddress(string code, string parameter)
    {
        var loaded = Regex.Replace(
            code, $@"^\tld\.param\.u64 \t(%rd\d+), \[{parameter}\];$",
            $"\tld.param.u32 \t%offset, [{parameter}];\n\tmov.u64 \t%dynamic, dynamic_shared;\n"
            + "\tcvt.u64.u32 \t$1, %offset;\n\tadd.s64 \t$1, $1, %dynamic;",
            RegexOptions.Multiline);
        var known = Regex.Count(loaded, $@"\t%offset, \[{parameter}\];$", RegexOptions.Multiline) + 1; // and the declaration
        return known == Regex.Count(loaded, $@"\b{parameter}\b")
            ? loaded
            : throw new CliFault($"The PTX uses the local parameter {parameter} in a way that PtxText does not know.");
    }

    [GeneratedRegex(@"[ \t]*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^\.entry ", RegexOptions.Multiline)]
    private static partial Regex Entry();

    [GeneratedRegex(@"\.param \.u64 \.ptr \.shared \.align \d+ (?<name>\w+)")]
    private static partial Regex LocalParameter();

    [GeneratedRegex(@"^\{$", RegexOptions.Multiline)]
    private static partial Regex Body();

    [GeneratedRegex(@"^\.address_size 64$", RegexOptions.Multiline)]
    private static partial Regex AddressSize();

    [GeneratedRegex(@"\n(\s*\n)+")]
    private static partial Regex BlankLines();
}
