using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Tests.Topology;

public sealed class RadixNetTests
{
    // SHA-256 of the first permuted layer as 16-bit columns: made from the official files (1024) and from the recipe that reproduces them.
    [Theory]
    [InlineData(1024, 7, "0737afe4991af4fc72d34ec100efaf2bebb092477d361ab5bb3ec501169047a3")]
    [InlineData(4096, 9, "f91366727c46d63993c10ae186e886a19fd047b42888375cfbaefdf220fae9d2")]
    [InlineData(16384, 11, "b2d34394b81d89ee03ef9ba16d916b9580f8e9a6126ce9551a779f30def1861f")]
    [InlineData(65536, 13, "4bb47821fc1a8c125cf819cd00769d47c3512eeaf652920c1a5a9dda278e0ccf")]
    public void Layers_FirstPermutedLayer_IsTheChallenges(int neurons, int layer, string hash)
    {
        var layers = RadixNet.Layers(neurons, layer);
        var columns = layers[^1].ColumnIndices.ToArray().Select(column => (ushort)column).ToArray();
        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<ushort>(columns))));
        foreach (var matrix in layers)
        {
            matrix.Dispose();
        }
    }

    [Fact]
    public void Layers_EveryLayer_Has32InputsAndOutputsPerNeuron()
    {
        foreach (var layer in RadixNet.Layers(1024, 14))
        {
            layer.Check();
            using var columns = TransposeIndex.Of(layer);
            Assert.All(Enumerable.Range(0, 1024), neuron => Assert.Equal((32, 32), (layer.FanIn(neuron), columns.FanOut(neuron))));
            layer.Dispose();
        }
    }

    [Fact]
    public void Layers_UnknownSize_NamesTheSizes() =>
        Assert.Contains("1024, 4096", Assert.Throws<ArgumentOutOfRangeException>(() => RadixNet.Layers(1000, 1)).Message, StringComparison.Ordinal);
}
