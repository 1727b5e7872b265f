using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>
/// The two forms of own rows. <em>Joined</em>: columns are inputs by their index in the layer, as topology changes and files want them. <em>Split</em>: the
/// connections from own inputs and those from ghosts are a matrix each, so that the first can be computed while the ghosts' values are on their way; columns
/// are places among the own inputs, or among the ghosts. Values and optimizer state go along, bit by bit.
/// </summary>
internal static unsafe class RowSplit
{
    /// <summary>Copies joined rows into the two matrices.</summary>
    /// <param name="inputs">Of the layer's inputs.</param>
    /// <param name="ghosts">By place; all inputs that own connections start at and that are not own.</param>
    public static (Connections Own, Connections Ghost) Split(Connections joined, Ownership inputs, int[] ghosts)
    {
        // Place of an own input, or −1 − place of a ghost.
        using var places = new DeviceBuffer<int>(joined.Weights.Columns);
        for (var place = 0; place < inputs.Own.Length; place++)
        {
            places.Pointer[inputs.Own[place]] = place;
        }

        for (var place = 0; place < ghosts.Length; place++)
        {
            places.Pointer[ghosts[place]] = ~place;
        }

        var ownCount = 0L;
        for (var k = 0L; k < joined.Weights.Nnz; k++)
        {
            ownCount += places.Pointer[joined.Weights.ColumnIndices.Pointer[k]] >= 0 ? 1 : 0;
        }

        var rows = joined.Weights.Rows;
        var own = Rows(rows, inputs.Own.Length, ownCount, joined.State.Count);
        var ghost = Rows(rows, ghosts.Length, joined.Weights.Nnz - ownCount, joined.State.Count);
        var (ownEnd, ghostEnd) = (0L, 0L);
        var order = new Order();
        for (var row = 0; row < rows; row++)
        {
            order.Clear();
            for (var k = joined.Weights.RowOffsets.Pointer[row]; k < joined.Weights.RowOffsets.Pointer[row + 1L]; k++)
            {
                var place = places.Pointer[joined.Weights.ColumnIndices.Pointer[k]];
                if (place >= 0)
                {
                    Copy(joined, k, own, ownEnd++, place);
                }
                else
                {
                    order.Add(~place, k);
                }
            }

            // Ghosts stand by owner.
            foreach (var (place, k) in order.Sorted())
            {
                Copy(joined, k, ghost, ghostEnd++, place);
            }

            own.Weights.RowOffsets.Pointer[row + 1L] = ownEnd;
            ghost.Weights.RowOffsets.Pointer[row + 1L] = ghostEnd;
        }

        return (own, ghost);
    }

    /// <summary>Copies the two matrices back into one.</summary>
    /// <param name="columns">Inputs of the layer.</param>
    public static Connections Join(Connections own, Connections ghost, Ownership inputs, int[] ghosts, int columns)
    {
        var joined = Rows(own.Weights.Rows, columns, own.Weights.Nnz + ghost.Weights.Nnz, own.State.Count);
        var end = 0L;
        var order = new Order();
        for (var row = 0; row < own.Weights.Rows; row++)
        {
            order.Clear();
            for (var k = ghost.Weights.RowOffsets.Pointer[row]; k < ghost.Weights.RowOffsets.Pointer[row + 1L]; k++)
            {
                order.Add(ghosts[ghost.Weights.ColumnIndices.Pointer[k]], k);
            }

            var next = own.Weights.RowOffsets.Pointer[row];
            var ownEnd = own.Weights.RowOffsets.Pointer[row + 1L];
            foreach (var (column, k) in order.Sorted())
            {
                for (; next < ownEnd && ColumnOf(next) < column; next++)
                {
                    Copy(own, next, joined, end++, ColumnOf(next));
                }

                Copy(ghost, k, joined, end++, column);
            }

            for (; next < ownEnd; next++)
            {
                Copy(own, next, joined, end++, ColumnOf(next));
            }

            joined.Weights.RowOffsets.Pointer[row + 1L] = end;
        }

        return joined;

        int ColumnOf(long k) => inputs.Own[own.Weights.ColumnIndices.Pointer[k]];
    }

    /// <summary>The rows of some neurons out of all of a layer.</summary>
    public static Connections Take(Connections all, ReadOnlySpan<int> neurons)
    {
        var count = 0L;
        foreach (var neuron in neurons)
        {
            count += all.Weights.FanIn(neuron);
        }

        var taken = Rows(neurons.Length, all.Weights.Columns, count, all.State.Count);
        var end = 0L;
        for (var row = 0; row < neurons.Length; row++)
        {
            for (var k = all.Weights.RowOffsets[neurons[row]]; k < all.Weights.RowOffsets[neurons[row] + 1L]; k++)
            {
                Copy(all, k, taken, end++, all.Weights.ColumnIndices.Pointer[k]);
            }

            taken.Weights.RowOffsets[row + 1L] = end;
        }

        return taken;
    }

    /// <summary>The same connections in buffers that have room for more, or fewer.</summary>
    public static Connections WithRoom(Connections connections, long capacity)
    {
        var (weights, count) = (connections.Weights, connections.Weights.Nnz);
        var copy = Rows(weights.Rows, weights.Columns, Math.Max(capacity, count), connections.State.Count);
        weights.RowOffsets.Span.CopyTo(copy.Weights.RowOffsets.Span);
        CopyAll(weights.ColumnIndices, copy.Weights.ColumnIndices);
        CopyAll(weights.Values, copy.Weights.Values);
        for (var slot = 0; slot < connections.State.Count; slot++)
        {
            CopyAll(connections.State[slot], copy.State[slot]);
        }

        copy.Resize(count);
        return copy;

        void CopyAll<T>(DeviceBuffer<T> from, DeviceBuffer<T> to)
            where T : unmanaged => Buffer.MemoryCopy(from.Pointer, to.Pointer, to.Length * sizeof(T), count * sizeof(T));
    }

    // The offsets are the caller's to fill in but for the two ends.
    private static Connections Rows(int rows, int columns, long count, int slots)
    {
        var offsets = new DeviceBuffer<long>(rows + 1L);
        offsets.Clear();
        offsets[rows] = count;
        return new Connections(
            new CsrMatrix(rows, columns, offsets, new DeviceBuffer<int>(count), new DeviceBuffer<float>(count)),
            Enumerable.Range(0, slots).Select(_ => new DeviceBuffer<float>(count)).ToArray());
    }

    private static void Copy(Connections from, long k, Connections to, long place, int column)
    {
        to.Weights.ColumnIndices.Pointer[place] = column;
        to.Weights.Values.Pointer[place] = from.Weights.Values.Pointer[k];
        for (var slot = 0; slot < from.State.Count; slot++)
        {
            to.State[slot].Pointer[place] = from.State[slot].Pointer[k];
        }
    }

    /// <summary>Connections of one row by another order of their columns.</summary>
    private sealed class Order
    {
        private readonly List<(int Column, long K)> items = [];

        public void Clear() => items.Clear();

        public void Add(int column, long k) => items.Add((column, k));

        public List<(int Column, long K)> Sorted()
        {
            items.Sort();
            return items;
        }
    }
}
