using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparseService.Engine.Kernels;

namespace SparseService.Cli.Bench.Dense;

/// <summary>Gets a finished tile of a product.</summary>
internal unsafe interface ITileSink
{
    /// <param name="tile">Rows of <see cref="DenseProduct.TileColumns"/> numbers.</param>
    /// <param name="rows">At most <see cref="DenseProduct.TileRows"/>, fewer at the lower edge.</param>
    void Take(float* tile, int row, int rows, int column, int columns, bool isFirstPart);
}

/// <summary>A matrix in memory: element (row, column) stands at row·RowStride + column·ColumnStride.</summary>
internal readonly unsafe struct DenseView(float* data, int rows, int columns, int rowStride, int columnStride)
{
    public float* Data { get; } = data;

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    public int RowStride { get; } = rowStride;

    public int ColumnStride { get; } = columnStride;

    public DenseView Transposed => new(Data, Columns, Rows, ColumnStride, RowStride);

    public static DenseView Of(DeviceBuffer<float> buffer, int rows, int columns) => new(buffer.Pointer, rows, columns, columns, 1);
}

/// <summary>
/// C = A·B as BLAS libraries do it: both factors are packed in pieces that fit the caches, and a tile of 4·64 sums stays in registers.
/// Only the benchmarks use it: the engine has no dense matrices.
/// </summary>
internal sealed unsafe class DenseProduct : IDisposable
{
    public const int TileRows = 4;
    public const int TileColumns = 64;

    // A packed piece of B, Depth·TileColumns, is half of a first-level cache; deeper only where a product must come in one part.
    private const int Depth = 128;

    private readonly DeviceBuffer<float> packedA;
    private readonly DeviceBuffer<float> packedB;
    private readonly DeviceBuffer<float> tile = new(TileRows * TileColumns);
    private readonly int depth;

    /// <param name="mostRows">Of any A.</param>
    /// <param name="leastDepth">Products with so few columns of A reach their sink in one part.</param>
    public DenseProduct(int mostRows, int leastDepth)
    {
        depth = Math.Max(Depth, leastDepth);
        packedA = new DeviceBuffer<float>((mostRows + TileRows - 1L) / TileRows * TileRows * depth);
        packedB = new DeviceBuffer<float>((long)depth * TileColumns);
    }

    public void Multiply<TSink>(DenseView a, DenseView b, TSink sink)
        where TSink : struct, ITileSink
    {
        for (var start = 0; start < a.Columns; start += depth)
        {
            var length = Math.Min(depth, a.Columns - start);
            PackA(a, start, length);
            for (var column = 0; column < b.Columns; column += TileColumns)
            {
                var columns = Math.Min(TileColumns, b.Columns - column);
                PackB(b, start, length, column, columns);
                for (var row = 0; row < a.Rows; row += TileRows)
                {
                    SumTile(packedA.Pointer + ((long)row * length), packedB.Pointer, length, tile.Pointer);
                    sink.Take(tile.Pointer, row, Math.Min(TileRows, a.Rows - row), column, columns, start == 0);
                }
            }
        }
    }

    public void Dispose()
    {
        packedA.Dispose();
        packedB.Dispose();
        tile.Dispose();
    }

    // [tile of rows][k][row in tile]
    private void PackA(DenseView a, int start, int length)
    {
        var target = packedA.Pointer;
        for (var row = 0; row < a.Rows; row += TileRows)
        {
            for (var k = start; k < start + length; k++)
            {
                var source = a.Data + ((long)k * a.ColumnStride);
                for (var r = row; r < row + TileRows; r++)
                {
                    *target++ = r < a.Rows ? source[(long)r * a.RowStride] : 0;
                }
            }
        }
    }

    // [k][column in tile]
    private void PackB(DenseView b, int start, int length, int column, int columns)
    {
        var target = packedB.Pointer;
        if (columns < TileColumns)
        {
            packedB.Clear();
        }

        if (b.ColumnStride == 1)
        {
            for (var k = 0; k < length; k++)
            {
                var source = b.Data + ((long)(start + k) * b.RowStride) + column;
                new ReadOnlySpan<float>(source, columns).CopyTo(new Span<float>(target + (k * TileColumns), columns));
            }

            return;
        }

        for (var c = 0; c < columns; c++)
        {
            var source = b.Data + ((long)start * b.RowStride) + ((long)(column + c) * b.ColumnStride);
            for (var k = 0; k < length; k++)
            {
                target[(k * TileColumns) + c] = source[(long)k * b.RowStride];
            }
        }
    }

    // tile[r, c] = Σ_k a[k, r]·b[k, c]: 16 sums in registers, 4 loads and 4 broadcasts for 16 multiply-adds.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumTile(float* a, float* b, int length, float* tile)
    {
        var (s00, s01, s02, s03) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var (s10, s11, s12, s13) = (s00, s01, s02, s03);
        var (s20, s21, s22, s23) = (s00, s01, s02, s03);
        var (s30, s31, s32, s33) = (s00, s01, s02, s03);
        for (var k = 0; k < length; k++, a += TileRows, b += TileColumns)
        {
            var (b0, b1, b2, b3) = (Vector512.Load(b), Vector512.Load(b + 16), Vector512.Load(b + 32), Vector512.Load(b + 48));
            var row = Vector512.Create(a[0]);
            s00 = Vector512.FusedMultiplyAdd(row, b0, s00);
            s01 = Vector512.FusedMultiplyAdd(row, b1, s01);
            s02 = Vector512.FusedMultiplyAdd(row, b2, s02);
            s03 = Vector512.FusedMultiplyAdd(row, b3, s03);
            row = Vector512.Create(a[1]);
            s10 = Vector512.FusedMultiplyAdd(row, b0, s10);
            s11 = Vector512.FusedMultiplyAdd(row, b1, s11);
            s12 = Vector512.FusedMultiplyAdd(row, b2, s12);
            s13 = Vector512.FusedMultiplyAdd(row, b3, s13);
            row = Vector512.Create(a[2]);
            s20 = Vector512.FusedMultiplyAdd(row, b0, s20);
            s21 = Vector512.FusedMultiplyAdd(row, b1, s21);
            s22 = Vector512.FusedMultiplyAdd(row, b2, s22);
            s23 = Vector512.FusedMultiplyAdd(row, b3, s23);
            row = Vector512.Create(a[3]);
            s30 = Vector512.FusedMultiplyAdd(row, b0, s30);
            s31 = Vector512.FusedMultiplyAdd(row, b1, s31);
            s32 = Vector512.FusedMultiplyAdd(row, b2, s32);
            s33 = Vector512.FusedMultiplyAdd(row, b3, s33);
        }

        StoreRow(tile, s00, s01, s02, s03);
        StoreRow(tile + TileColumns, s10, s11, s12, s13);
        StoreRow(tile + (2 * TileColumns), s20, s21, s22, s23);
        StoreRow(tile + (3 * TileColumns), s30, s31, s32, s33);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRow(float* target, Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        a.Store(target);
        b.Store(target + 16);
        c.Store(target + 32);
        d.Store(target + 48);
    }
}
