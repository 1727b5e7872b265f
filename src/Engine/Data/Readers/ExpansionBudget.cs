namespace SparseService.Engine.Data.Readers;

/// <summary>Bytes that the files of one import may still expand to, all together.</summary>
internal sealed class ExpansionBudget(DatasetLimits limits)
{
    // A ratio says nothing about the first bytes: a compressor's header and window make small inputs look extreme.
    private const long RatioFreeBytes = 16 << 20;

    private long spent;

    public void Spend(string role, int bytes, long fileExpanded, long fileCompressed)
    {
        spent += bytes;
        if (spent > limits.ExpandedBytes)
        {
            throw new DatasetFormatException($"{role} size", $"more than {limits.ExpandedBytes} bytes after decompression, over all files",
                $"at most {limits.ExpandedBytes} bytes");
        }

        if (fileExpanded > RatioFreeBytes && fileExpanded / Math.Max(1, fileCompressed) > limits.ExpansionRatio)
        {
            throw new DatasetFormatException(
                $"{role} compression", $"{fileExpanded / Math.Max(1, fileCompressed)} times the compressed size",
                $"at most {limits.ExpansionRatio} times");
        }
    }
}
