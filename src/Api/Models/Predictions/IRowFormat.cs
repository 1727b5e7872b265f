using System.Buffers;

namespace SparseService.Api.Models.Predictions;

/// <summary>How rows stand in a body. One for each request: it remembers where it is.</summary>
internal interface IRowFormat
{
    /// <summary>Reads one row and moves <paramref name="bytes"/> behind what has been read.</summary>
    /// <param name="bytes">Goes on where the last call has left it.</param>
    /// <param name="isLast">No more bytes come.</param>
    /// <param name="row">Overwritten with finite numbers when true is returned, maybe otherwise.</param>
    /// <returns>False: more bytes are needed, or, with <paramref name="isLast"/>, there is no further row.</returns>
    /// <exception cref="RefusedException">Names row, field, value and what is allowed.</exception>
    bool TryRead(ref ReadOnlySequence<byte> bytes, bool isLast, Span<float> row);
}
