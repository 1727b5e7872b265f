namespace SparseService.Engine.Data.Readers;

/// <summary>Takes the next word off a line whose words are separated by blanks or tabs.</summary>
internal static class BlankSeparated
{
    public static bool TryTake(ref ReadOnlySpan<byte> line, out ReadOnlySpan<byte> word)
    {
        var start = line.IndexOfAnyExcept((byte)' ', (byte)'\t');
        if (start < 0)
        {
            word = default;
            return false;
        }

        line = line[start..];
        var length = line.IndexOfAny((byte)' ', (byte)'\t');
        word = length < 0 ? line : line[..length];
        line = line[word.Length..];
        return true;
    }
}
