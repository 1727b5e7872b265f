using SparseService.Engine.Partitioning;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Partitioning;

public sealed class HypergraphPartitionTests
{
    private static readonly PartitionOptions Options = new();

    public static TheoryData<int, int, ulong> SmallLayers
    {
        get
        {
            var cases = new TheoryData<int, int, ulong>();
            for (var seed = 1UL; seed <= 12; seed++)
            {
                cases.Add(8 + (int)(seed % 3), 2 + (int)(seed % 2), seed);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(SmallLayers))]
    public void Of_SmallLayer_IsOptimal(int rows, int parts, ulong seed)
    {
        using var layer = Drawn(rows, columns: 9, density: 0.3, seed);
        using var next = Drawn(rows, rows, density: 0.25, seed + 100);
        var options = Options with { Imbalance = 0.2 };
        var owners = NetworkPartition.Of([layer, next], options, parts, seed).Owners;
        var score = PartitionScore.Of([layer, next], new NetworkPartition(parts, owners), inputTravels: true);
        Assert.Equal(Optimum(layer, sources: null, parts, Heaviest(layer, owners[0], parts)), score.Layers[0].Words);
        Assert.Equal(Optimum(next, owners[0], parts, Heaviest(next, owners[1], parts)), score.Layers[1].Words);
    }

    [Theory]
    [InlineData(3, 0.99)]
    [InlineData(7, 0.95)]
    [InlineData(32, 0.85)]
    public void Of_DrawnNetwork_KeepsTheBalanceAndBeatsChance(int parts, double share)
    {
        var layers = Network([200, 300, 250, 300], epsilon: 12);
        var cut = NetworkPartition.Of(layers, Options with { Imbalance = 0.05 }, parts, seed: 1);
        var chance = NetworkPartition.Of(layers, new PartitionOptions { Kind = PartitionKind.Random }, parts, seed: 1);
        var score = PartitionScore.Of(layers, cut);
        Assert.InRange(score.Imbalance, 0, 0.05);
        Assert.InRange(score.Words, 1, share * PartitionScore.Of(layers, chance).Words);
    }

    [Fact]
    public void Of_ClassesOfEqualRows_GivesEachItsPart()
    {
        // Six classes of five rows that share four columns with nobody else.
        var (offsets, columns) = (new long[31], new int[120]);
        for (var row = 0; row < 30; row++)
        {
            offsets[row + 1] = 4 * (row + 1);
            for (var k = 0; k < 4; k++)
            {
                columns[(4 * row) + k] = (4 * (row * 7 % 6)) + k;
            }
        }

        using var layer = new CsrMatrix(30, 24, offsets, columns, new float[120]);
        var partition = NetworkPartition.Of([layer], Options, parts: 6, seed: 1);
        Assert.Equal(0, PartitionScore.Of([layer], partition, inputTravels: true).Words);
        Assert.Equal(0, PartitionScore.Of([layer], partition).Imbalance);
    }

    [Fact]
    public void Of_InputsOfOnePart_FollowTheirOwner()
    {
        // Row i reads column i only: each row belongs where its column is, whichever way those lie.
        var columns = Enumerable.Range(0, 40).ToArray();
        using var first = new CsrMatrix(
            40, 20, [.. Enumerable.Range(0, 41).Select(row => 2L * row)], [.. columns.SelectMany(row => new[] { row % 19, 19 })], new float[80]);
        using var second = new CsrMatrix(40, 40, [.. Enumerable.Range(0, 41).Select(row => (long)row)], columns, new float[40]);
        var owners = NetworkPartition.Of([first, second], Options with { Imbalance = 0.5 }, parts: 4, seed: 2).Owners;
        Assert.Equal(owners[0], owners[1]);
    }

    [Fact]
    public void Of_SameSeed_IsTheSameOnAnyNumberOfThreads()
    {
        var layers = Network([100, 200, 200], epsilon: 10);
        var one = NetworkPartition.Of(layers, Options, 8, seed: 4, new PartitionEffort { Threads = 1 });
        var three = NetworkPartition.Of(layers, Options, 8, seed: 4, new PartitionEffort { Threads = 3 });
        Assert.Equal(one.Owners, three.Owners);
        Assert.NotEqual(one.Owners, NetworkPartition.Of(layers, Options, 8, seed: 5).Owners);
    }

    [Fact]
    public void Of_EmptyRowsAndColumns_SpreadsTheRows()
    {
        using var layer = new CsrMatrix(12, 5, [0, 0, 2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4], [0, 1, 0, 3], new float[4]);
        var owners = NetworkPartition.Of([layer], Options, parts: 3, seed: 1).Owners[0];
        Assert.All(owners.CountBy(owner => owner), part => Assert.Equal(4, part.Value));
    }

    [Theory]
    [InlineData(PartitionKind.Hypergraph)]
    [InlineData(PartitionKind.Random)]
    [InlineData(PartitionKind.Block)]
    public void Of_DegenerateLayers_OwnsEveryRow(PartitionKind kind)
    {
        var options = Options with { Kind = kind };
        using var nothing = new CsrMatrix(0, 7, new long[1], [], []);
        using var unconnected = new CsrMatrix(5, 7, new long[6], [], []);
        using var single = new CsrMatrix(1, 7, [0, 7], [0, 1, 2, 3, 4, 5, 6], new float[7]);
        Assert.Empty(NetworkPartition.Of([nothing], options, parts: 3, seed: 1).Owners[0]);
        Assert.Equal(5, NetworkPartition.Of([unconnected], options, parts: 9, seed: 1).Owners[0].Distinct().Count());
        Assert.Single(NetworkPartition.Of([single], options, parts: 4, seed: 1).Owners[0]);
        Assert.All(NetworkPartition.Of([unconnected], options, parts: 1, seed: 1).Owners[0], owner => Assert.Equal(0, owner));
    }

    [Fact]
    public void Of_OneHugeRow_IsAloneAndTheRestIsBalanced()
    {
        // 90 connections in row 0, and ten rows of one: any part with row 0 has 90 at least, so nothing else belongs there unless it must.
        var offsets = Enumerable.Range(0, 12).Select(row => row == 0 ? 0L : 89 + row).ToArray();
        int[] columns = [.. Enumerable.Range(0, 90), .. Enumerable.Range(0, 10)];
        using var layer = new CsrMatrix(11, 90, offsets, columns, new float[100]);
        var owners = NetworkPartition.Of([layer], Options, parts: 2, seed: 1).Owners[0];
        Assert.Equal(90, Heaviest(layer, owners, 2));
    }

    [Theory]
    [InlineData(16, 16)]
    [InlineData(10, 128)]
    [InlineData(41, 40)]
    public void Of_FewRowsForTheParts_IsPackedAsWellAsCanBe(int rows, int parts)
    {
        using var layer = Drawn(rows, 50, density: 0.3, seed: 8);
        var owners = NetworkPartition.Of([layer], Options, parts, seed: 1).Owners[0];
        var fanIns = Enumerable.Range(0, rows).Select(layer.FanIn).Order().ToArray();
        var lightestTwo = rows > parts ? fanIns[0] + fanIns[1] : 0; // one part has two rows, the others one
        Assert.Equal(Math.Max(fanIns[^1], lightestTwo), Heaviest(layer, owners, parts));
    }

    internal static CsrMatrix[] Network(int[] widths, double epsilon)
    {
        var network = new NetworkOptions { Layers = widths, Topology = new TopologyOptions { Epsilon = epsilon } };
        return [.. Enumerable.Range(0, widths.Length - 1).Select(layer => TopologyGenerator.Layer(network, layer, seed: 3))];
    }

    private static CsrMatrix Drawn(int rows, int columns, double density, ulong seed)
    {
        var network = new NetworkOptions
        {
            Layers = [columns, rows], Topology = new TopologyOptions { Kind = TopologyKind.Uniform, Density = density },
        };
        return TopologyGenerator.Layer(network, 0, seed);
    }

    private static long Heaviest(CsrMatrix layer, int[] owners, int parts) =>
        Enumerable.Range(0, parts).Max(part => Enumerable.Range(0, layer.Rows).Where(row => owners[row] == part).Sum(row => (long)layer.FanIn(row)));

    // Least words of all assignments that keep the limit the result kept, or the 20 % that was allowed.
    private static long Optimum(CsrMatrix layer, int[]? sources, int parts, long reached)
    {
        var limit = Math.Max(reached, (long)Math.Floor(1.2 * layer.Nnz / parts));
        var (owners, best) = (new int[layer.Rows], long.MaxValue);
        var assignments = (long)Math.Pow(parts, layer.Rows);
        for (var code = 0L; code < assignments; code++)
        {
            var rest = code;
            for (var row = 0; row < owners.Length; row++, rest /= parts)
            {
                owners[row] = (int)(rest % parts);
            }

            if (Heaviest(layer, owners, parts) <= limit)
            {
                best = Math.Min(best, Words(layer, sources, owners));
            }
        }

        return best;
    }

    private static long Words(CsrMatrix layer, int[]? sources, int[] owners)
    {
        var readers = new HashSet<int>[layer.Columns];
        for (var row = 0; row < layer.Rows; row++)
        {
            for (var k = layer.RowOffsets[row]; k < layer.RowOffsets[row + 1]; k++)
            {
                (readers[layer.ColumnIndices[k]] ??= []).Add(owners[row]);
            }
        }

        return readers.Select((parts, column) => parts is null ? 0L : parts.Union(sources is null ? [] : [sources[column]]).Count() - 1).Sum();
    }
}
