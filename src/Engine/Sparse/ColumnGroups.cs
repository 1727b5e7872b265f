using SparseService.Engine.Kernels;

namespace SparseService.Engine.Sparse;

/// <summary>
/// The connections by columns as in <see cref="TransposeIndex"/>, each column filled up to whole groups of four, so that a loop that takes
/// four at a time has no remainder: what fills up joins the column's last row with the 0 that a <see cref="DeviceBuffer{T}"/> has behind
/// its values.
/// </summary>
internal sealed class ColumnGroups : IDisposable
{
    /// <summary>Connections of a group.</summary>
    public const int Size = 4;

    /// <param name="index">Its capacity is enough for all that it will ever hold.</param>
    public ColumnGroups(TransposeIndex index)
    {
        var (connections, columns) = (index.RowIndices.Capacity, index.ColumnOffsets.Length - 1);
        Offsets = new DeviceBuffer<long>(columns + 1);
        Rows = new DeviceBuffer<int>(MostPlaces(connections, columns));
        Positions = new DeviceBuffer<int>(MostPlaces(connections, columns));
        Places = new DeviceBuffer<int>(connections);
    }

    /// <summary>Where columns begin, multiples of <see cref="Size"/>; length Columns + 1.</summary>
    public DeviceBuffer<long> Offsets { get; }

    /// <summary>The output neuron of each place.</summary>
    public DeviceBuffer<int> Rows { get; }

    /// <summary>Where the weight of each place stands in the matrix.</summary>
    public DeviceBuffer<int> Positions { get; }

    /// <summary>The place of each of the matrix's connections.</summary>
    public DeviceBuffer<int> Places { get; }

    /// <summary>Bytes that the groups of a layer take.</summary>
    public static long BytesOf(long connections, long columns) =>
        (sizeof(long) * (columns + 1)) + (2 * sizeof(int) * MostPlaces(connections, columns)) + (sizeof(int) * connections);

    /// <summary>Connections with what fills up their columns, at most.</summary>
    public static long MostPlaces(long connections, long columns) => connections + ((Size - 1) * Math.Min(connections, columns));

    /// <summary>Makes the groups anew from an index, in their own buffers. O(connections + columns).</summary>
    /// <param name="zero">Position of a weight that is always 0.</param>
    public unsafe void Rebuild(TransposeIndex index, int zero)
    {
        Rows.Resize(Rows.Capacity);
        Positions.Resize(Positions.Capacity);
        Places.Resize(index.Positions.Length);
        var (place, columns) = (0L, index.ColumnOffsets.Length - 1);
        var offsets = Offsets.Pointer;
        var rows = Rows.Pointer;
        var positions = Positions.Pointer;
        var places = Places.Pointer;
        var fromOffsets = index.ColumnOffsets.Pointer;
        var fromRows = index.RowIndices.Pointer;
        var fromPositions = index.Positions.Pointer;
        for (var column = 0L; column < columns; column++)
        {
            offsets[column] = place;
            for (var t = fromOffsets[column]; t < fromOffsets[column + 1]; t++, place++)
            {
                rows[place] = fromRows[t];
                positions[place] = fromPositions[t];
                places[fromPositions[t]] = (int)place;
            }

            for (; place % Size != 0; place++)
            {
                rows[place] = rows[place - 1];
                positions[place] = zero;
            }
        }

        offsets[columns] = place;
        Rows.Resize(place);
        Positions.Resize(place);
    }

    public void Dispose()
    {
        Offsets.Dispose();
        Rows.Dispose();
        Positions.Dispose();
        Places.Dispose();
    }
}
