using System.Numerics;
using System.Security.Cryptography;
using SparseService.Engine.Data.Readers;
using SparseService.Engine.Inference;
using SparseService.Engine.Inference.Challenge;
using SparseService.Engine.Tests.Data;

namespace SparseService.Engine.Tests.Inference.Challenge;

public class OfficialInputsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(12)]
    [InlineData(28)]
    [InlineData(105)]
    [InlineData(128)]
    [InlineData(490)]
    [InlineData(1500)]
    public void Transform_OfEveryRadix_IsTheSumOfItsDefinition(int length)
    {
        var random = RandomStream.For(1, RandomPurpose.GeneratedData);
        var (real, imaginary) = (new double[length], new double[length]);
        for (var at = 0; at < length; at++)
        {
            (real[at], imaginary[at]) = (random.NextNormal(), random.NextNormal());
        }

        var (x, workReal, workImaginary) = (real.Zip(imaginary, (re, im) => new Complex(re, im)).ToArray(), new double[length], new double[length]);
        new FourierTransform(length).Transform(ref real, ref imaginary, ref workReal, ref workImaginary);

        for (var k = 0; k < length; k++)
        {
            var sum = Complex.Zero;
            for (var j = 0; j < length; j++)
            {
                sum += x[j] * Complex.FromPolarCoordinates(1, -2 * Math.PI * ((long)j * k % length) / length);
            }

            Assert.Equal(sum.Real, real[k], 1e-10 * length);
            Assert.Equal(sum.Imaginary, imaginary[k], 1e-10 * length);
        }
    }

    [Fact]
    public void Transform_PrimeFactorAboveSeven_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new FourierTransform(22));

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(22, false)]
    [InlineData(59_999, false)]
    [InlineData(60_000, true)]
    public void Takes_Images_OnlyThoseThatHaveATransform(int images, bool expected) => Assert.Equal(expected, OfficialInputs.Takes(images));

    [Theory]
    [InlineData("train-images-idx3-ubyte.gz", "68656C6C6F0A", "images is damaged")]
    [InlineData("train-images-idx3-ubyte", "00000803800000008000000000000004", "2147483648×2147483648×4; allowed: images × height × width bytes")]
    [InlineData("train-images-idx3-ubyte", "000008030000000A0000001C0000001C", "images is cut off; allowed: 7840 bytes")]
    public void ReadTraining_DamagedFile_NamesTheFault(string name, string bytes, string expected)
    {
        using var files = new StoreFiles();
        File.WriteAllBytes(Path.Combine(files.Folder, name), Convert.FromHexString(bytes));

        Assert.Contains(expected, StoreFiles.Fault(() => IdxImages.ReadTraining(files.Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_FewImages_IsTheInterpolationOfItsDefinition()
    {
        const int Images = 2;
        const int Side = 32;
        var random = RandomStream.For(2, RandomPurpose.GeneratedData);
        var images = Enumerable.Range(0, Images * 28 * 28).Select(_ => (byte)random.NextBelow(256)).ToArray();

        var inputs = OfficialInputs.Of(images, Side, threads: 2);

        var values = Interpolated(images, Images, Side);
        var half = values.Cast<double>().Max() / 2;
        for (var image = 0; image < Images; image++)
        {
            for (var column = 0; column < Side; column++)
            {
                for (var row = 0; row < Side; row++)
                {
                    Assert.Equal(values[row, (image * Side) + column] >= half, inputs[image, (column * Side) + row]);
                }
            }
        }
    }

    // SHA-256 of the official inputs, as bits from the highest of a byte on; their known numbers of lit pixels.
    [Theory, Trait("Size", "Long")]
    [InlineData(32, 6374505, "2ccfa158de2a77480ded7f940a88fa9c6a2487dd0cf1547ed73c7e303e479976")]
    [InlineData(64, 25019051, "dfa8fb78b59558e76140ad79b4ea9a891f98a15f2712b6639541071580512785")]
    [InlineData(128, 98858913, null)]
    [InlineData(256, 392191985, null)]
    public void Of_Mnist_AreTheOfficialInputs(int side, long lit, string? hash)
    {
        var inputs = OfficialInputs.Of(Mnist(), side);

        Assert.Equal(lit, inputs.Count);
        if (hash is not null)
        {
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (var row = 0; row < inputs.Rows; row++)
            {
                sha.AppendData(Array.ConvertAll(inputs.RowBytes(row).ToArray(), Reversed));
            }

            Assert.Equal(hash, Convert.ToHexStringLower(sha.GetHashAndReset()));
        }
    }

    [Theory, Trait("Size", "Long")]
    [InlineData("reference", 1024, 120, 1812)]
    [InlineData("simd", 1024, 120, 1812)]
    [InlineData("opencl", 1024, 120, 1812)]
    [InlineData("simd", 1024, 480, 1812)]
    [InlineData("simd", 1024, 1920, 1812)]
    [InlineData("simd", 4096, 120, 1801)]
    [InlineData("simd", 4096, 480, 1801)]
    [InlineData("simd", 4096, 1920, 1801)]
    [InlineData("simd", 16384, 120, 1918)]
    public void Run_OfficialNetworkAndInputs_HasTheOfficialCategories(string backend, int neurons, int layers, int survivors)
    {
        if (!SparseInference.Available.Contains(backend))
        {
            Assert.Skip($"This machine has nothing for the backend {backend}");
        }

        var inputs = OfficialInputs.Of(Mnist(), (int)Math.Sqrt(neurons));
        var network = new ChallengeNetwork(neurons, layers);
        using var inference = SparseInference.Create(backend);
        using var feed = LayerFeed.Streaming(network.Make(), layers, neurons);

        var result = inference.Run(feed, inputs);

        Assert.Equal(survivors, result.Survivors.Count);
        Assert.Equal(ExactCategories.Of(() => LayerFeed.Streaming(network.Make(), layers, neurons), inputs), result.Survivors);
    }

    private static byte[] Mnist()
    {
        var (pixels, height, width) = IdxImages.ReadTraining(StoreFiles.SharedData("mnist"));
        Assert.Equal((60_000, 28, 28), (pixels.Length / 784, height, width));
        return pixels;
    }

    private static byte Reversed(byte value)
    {
        var reversed = 0;
        for (var bit = 0; bit < 8; bit++)
        {
            reversed |= ((value >> bit) & 1) << (7 - bit);
        }

        return (byte)reversed;
    }

    // [row, column of all images side by side], both directions by the sums of their definition.
    private static double[,] Interpolated(byte[] images, int count, int side)
    {
        var x = new double[28, count * 28];
        for (var at = 0; at < images.Length; at++)
        {
            x[at / 28 % 28, (at / 784 * 28) + (at % 28)] = images[at] / 255.0;
        }

        var tall = new Complex[side, count * 28];
        var wide = new double[side, count * side];
        for (var row = 0; row < side; row++)
        {
            for (var column = 0; column < count * 28; column++)
            {
                for (var old = 0; old < 28; old++)
                {
                    tall[row, column] += x[old, column] * Weight(28, ((double)row / side) - (old / 28.0));
                }
            }

            for (var column = 0; column < count * side; column++)
            {
                var sum = Complex.Zero;
                for (var old = 0; old < count * 28; old++)
                {
                    sum += tall[row, old] * Weight(count * 28, ((double)column / (count * side)) - (old / (count * 28.0)));
                }

                wide[row, column] = Complex.Abs(sum);
            }
        }

        return wide;
    }

    private static Complex Weight(int length, double shift)
    {
        var sum = Complex.Zero;
        for (var f = -length / 2; f < length / 2; f++)
        {
            sum += Complex.FromPolarCoordinates(1.0 / length, 2 * Math.PI * f * shift);
        }

        return sum;
    }
}
