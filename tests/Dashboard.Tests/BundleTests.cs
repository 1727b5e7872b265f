using System.IO.Compression;

namespace SparseService.Dashboard.Tests;

public sealed class BundleTests
{
    private const long MostBytes = 250_000;

    [Fact]
    public async Task Bundle_Gzipped_IsUnder250Kilobytes()
    {
        await BuiltPage.RequireAsync();
        var files = Directory.GetFiles(BuiltPage.Output, "*", SearchOption.AllDirectories);
        Assert.Contains(files, file => file.EndsWith(".js", StringComparison.Ordinal));

        var sizes = files.ToDictionary(file => Path.GetRelativePath(BuiltPage.Output, file), GzippedBytes);
        var list = string.Join("\n", sizes.OrderByDescending(size => size.Value).Select(size => $"{size.Value,8} {size.Key}"));
        Assert.True(sizes.Values.Sum() < MostBytes, $"{sizes.Values.Sum()} bytes in all; allowed: under {MostBytes}\n{list}");
    }

    private static long GzippedBytes(string file)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Optimal, leaveOpen: true))
        using (var source = File.OpenRead(file))
        {
            source.CopyTo(gzip);
        }

        return bytes.Length;
    }
}
