using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SparseService.Cli.Bench.Dense;

/// <summary>Writes the product, or adds its later parts.</summary>
internal readonly unsafe struct SumSink(float* target, int stride) : ITileSink
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Take(float* tile, int row, int rows, int column, int columns, bool isFirstPart)
    {
        for (var r = 0; r < rows; r++)
        {
            var to = target + ((long)(row + r) * stride) + column;
            var from = tile + (r * DenseProduct.TileColumns);
            if (columns < DenseProduct.TileColumns)
            {
                for (var c = 0; c < columns; c++)
                {
                    to[c] = isFirstPart ? from[c] : to[c] + from[c];
                }

                continue;
            }

            for (var c = 0; c < DenseProduct.TileColumns; c += 16)
            {
                var part = Vector512.Load(from + c);
                (isFirstPart ? part : part + Vector512.Load(to + c)).Store(to + c);
            }
        }
    }
}

/// <summary>
/// Takes the product as a gradient: V ← momentum·V − rate·g, W ← W + V, while the tile is still in the first-level cache.
/// A gradient array never exists, as in the sparse engine.
/// </summary>
internal readonly unsafe struct MomentumSink(float* weights, float* state, int stride, float momentum, float rate) : ITileSink
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Take(float* tile, int row, int rows, int column, int columns, bool isFirstPart)
    {
        for (var r = 0; r < rows; r++)
        {
            var at = ((long)(row + r) * stride) + column;
            var w = weights + at;
            var v = state + at;
            var from = tile + (r * DenseProduct.TileColumns);
            if (columns < DenseProduct.TileColumns)
            {
                for (var c = 0; c < columns; c++)
                {
                    v[c] = (momentum * v[c]) - (rate * from[c]);
                    w[c] += v[c];
                }

                continue;
            }

            for (var c = 0; c < DenseProduct.TileColumns; c += 16)
            {
                var moved = (momentum * Vector512.Load(v + c)) - (rate * Vector512.Load(from + c));
                moved.Store(v + c);
                (Vector512.Load(w + c) + moved).Store(w + c);
            }
        }
    }
}
