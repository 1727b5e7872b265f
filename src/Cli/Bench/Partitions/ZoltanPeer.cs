using System.Globalization;
using System.Text;
using SparseService.Cli.Machine;
using SparseService.Engine.Sparse;

namespace SparseService.Cli.Bench.Partitions;

/// <summary>Zoltan's hypergraph partitioner, through the driver in <c>benchmarks/peers/zoltan_cut.cpp</c>.</summary>
internal sealed class ZoltanPeer : IDisposable
{
    private const string Header = "/usr/include/trilinos/zoltan.h";

    private readonly TemporaryFolder folder = new();

    private string Program => Path.Combine(folder.Path, "zoltan_cut");

    /// <summary>Compiles the driver; installs Zoltan and a compiler where they are missing.</summary>
    public static async Task<ZoltanPeer> BuildAsync(string root, CancellationToken cancellationToken)
    {
        await SystemPackages.RequireAsync(
            "Zoltan", () => File.Exists(Header) && ChildProcess.Find("mpicxx") is not null && HasMpiHeader(),
            ["libtrilinos-zoltan-dev", "libopenmpi-dev", "openmpi-bin", "g++"],
            "This benchmark needs Debian's or Ubuntu's packages libtrilinos-zoltan-dev, libopenmpi-dev, openmpi-bin and g++.",
            cancellationToken);
        var peer = new ZoltanPeer();
        string[] arguments =
        [
            "-O2", "-I/usr/include/trilinos", Path.Combine(root, "benchmarks", "peers", "zoltan_cut.cpp"), "-ltrilinos_zoltan",
            "-o", peer.Program,
        ];
        var compiled = await ChildProcess.RunAsync("mpicxx", arguments, cancellationToken);
        return compiled.Succeeded ? peer : throw new CliFault($"zoltan_cut.cpp could not be compiled:\n{compiled.Tail(10)}");
    }

    /// <summary>Cuts one layer.</summary>
    /// <param name="sources">Owner of each column: a fixed vertex without weight in the column's net, one for each part; null:
    /// none.</param>
    public async Task<(int[] Owners, double Seconds)> CutAsync(
        CsrMatrix layer, int[]? sources, int parts, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder.Path, "layer.hypergraph");
        await File.WriteAllTextAsync(path, Text(layer, sources, parts), cancellationToken);
        var run = await ChildProcess.RunAsync(Program, [path], cancellationToken);
        var line = run.StandardOutput.Split('\n').FirstOrDefault(line => line.StartsWith("cut ", StringComparison.Ordinal));
        if (!run.Succeeded || line is null)
        {
            throw new CliFault($"zoltan_cut ended with {run.ExitCode}:\n{run.Tail(10)}");
        }

        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var owners = words.Skip(2).Take(layer.Rows).Select(word => int.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        return (owners, double.Parse(words[1], CultureInfo.InvariantCulture));
    }

    public void Dispose() => folder.Dispose();

    // The compiler's wrapper comes with Open MPI's programs, what it needs with another package.
    private static bool HasMpiHeader() =>
        Directory.EnumerateDirectories("/usr/lib").Any(folder => File.Exists(Path.Combine(folder, "openmpi", "include", "mpi.h")));

    private static string Text(CsrMatrix layer, int[]? sources, int parts)
    {
        using var columns = TransposeIndex.Of(layer);
        var fixedVertices = sources is null ? 0 : parts;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{layer.Rows + fixedVertices} {layer.Columns} {parts} {PartitionBench.Imbalance} 1\n");
        for (var row = 0; row < layer.Rows; row++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{layer.FanIn(row)} -1\n");
        }

        for (var part = 0; part < fixedVertices; part++)
        {
            text.Append(CultureInfo.InvariantCulture, $"0 {part}\n");
        }

        for (var column = 0; column < layer.Columns; column++)
        {
            text.Append(columns.FanOut(column) + (sources is null ? 0 : 1));
            for (var t = columns.ColumnOffsets[column]; t < columns.ColumnOffsets[column + 1L]; t++)
            {
                text.Append(' ').Append(columns.RowIndices[t]);
            }

            text.Append(sources is null ? "" : $" {layer.Rows + sources[column]}").Append('\n');
        }

        return text.ToString();
    }
}
