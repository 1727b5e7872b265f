using System.Buffers.Binary;
using System.Text;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Tests.Formats;

public sealed class SafetensorsTests
{
    // Header (as JSON), bytes of data behind it, and a word that the error must contain.
    public static TheoryData<string, int, string> Hostile => new()
    {
        { "[]", 0, "Array" },
        { "{ ", 0, "JSON" },
        { """{"\ud800":1}""", 0, "JSON" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "duplicate" },
        { """{"a":1}""", 0, "tensor a" },
        { """{"a":{"dtype":"F32","shape":[1]}}""", 4, "tensor a" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}""", 4, "tensor a" },
        { """{"a":{"dtype":"PICKLE","shape":[1],"data_offsets":[0,4]}}""", 4, "PICKLE" },
        { """{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "shape" },
        { """{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "shape" },
        { """{"a":{"dtype":"F32","shape":"x","data_offsets":[0,4]}}""", 4, "shape" },
        { """{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}""", 4, "shape" },
        { """{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "at most" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "2 elements" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "ascending" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "no holes" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "no overlaps" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "length" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "length" },
        { """{"__metadata__":{"x":1}}""", 0, "__metadata__.x" },
        { """{"__metadata__":[]}""", 0, "__metadata__" },
    };

    [Fact]
    public void WriteRead_EveryType_RoundTripsAndIsReproducible()
    {
        var metadata = new Dictionary<string, string> { ["format"] = "test", ["text"] = "ünï \"quoted\"" };
        Tensor[] tensors =
        [
            Tensor.Of("bytes", new byte[] { 1, 2, 3 }),
            Tensor.Of("ints", [int.MinValue, 7]),
            Tensor.Of("longs", [long.MaxValue]),
            Tensor.Of("floats", new[] { float.NaN, -0f, 1.5f, 2, 3, 4 }, 2, 3),
            Tensor.Of("doubles", new double[300_000]), // several windows
            Tensor.Of("empty", Array.Empty<float>()),
        ];
        var bytes = Write(metadata, tensors);
        Assert.Equal(bytes, Write(metadata, tensors));
        Assert.Equal(0, (8 + BinaryPrimitives.ReadInt64LittleEndian(bytes)) % 8);

        // The second stream cannot tell its length.
        foreach (var stream in new[] { new MemoryStream(bytes), new UnseekableStream(bytes) })
        {
            using var read = Safetensors.Read(stream);
            Assert.Equal(metadata, read.Metadata);
            Assert.Equal([2L, 3], read.Tensors["floats"].Shape);
            Assert.Equal(bytes, Write(metadata, [.. tensors.Select(tensor => read.Tensors[tensor.Name])]));
            Assert.Equal([float.NaN, -0f, 1.5f, 2, 3, 4], read.Tensors["floats"].ToArray<float>());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_WantedOnly_PassesOverTheRest(bool seekable)
    {
        var bytes = Write([], [Tensor.Of("a", new double[300_000]), Tensor.Of("b", [7]), Tensor.Of("c", Array.Empty<float>()), Tensor.Of("d", [8L])]);
        using var read = Safetensors.Read(seekable ? new MemoryStream(bytes) : new UnseekableStream(bytes), wanted: name => name is "b" or "d");
        Assert.Equal(["b", "d"], read.Tensors.Keys);
        Assert.Equal((7, 8L), (read.Tensors["b"].ToArray<int>()[0], read.Tensors["d"].ToArray<long>()[0]));
    }

    [Fact]
    public void Take_ReadTensor_HandsOverItsMemoryOnce()
    {
        var bytes = Write([], [Tensor.Of("a", [1, 2, 3])]);
        using var read = Safetensors.Read(new MemoryStream(bytes));
        Assert.Throws<InvalidDataException>(() => read.Tensors["a"].Take<float>());
        using var taken = read.Tensors["a"].Take<int>();
        read.Dispose();
        Assert.Equal([1, 2, 3], taken.ToArray());
        Assert.Throws<InvalidOperationException>(() => read.Tensors["a"].Take<int>());
    }

    [Fact]
    [Trait("Size", "Long")] // 2 GiB of memory for a second or two
    public void WriteRead_TensorBeyondTwoGibibytes_RoundTrips()
    {
        const long length = (1L << 31) + 4096;
        using var path = File.OpenHandle(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, options: FileOptions.DeleteOnClose);
        using var file = new FileStream(path, FileAccess.ReadWrite, 1);
        using (var data = new DeviceBuffer<byte>(length))
        {
            data.Clear();
            (data[0], data[int.MaxValue], data[length - 1]) = (1, 2, 3);
            Safetensors.Write(file, new Dictionary<string, string>(), [Tensor.Of("large", data), Tensor.Of("behind", [7L])]);
        }

        file.Position = 0;
        using var read = Safetensors.Read(file);
        using var taken = read.Tensors["large"].Take<byte>();
        Assert.Equal((length, (byte)1, (byte)2, (byte)3), (taken.Length, taken[0], taken[int.MaxValue], taken[length - 1]));
        Assert.Equal(7, read.Tensors["behind"].ToArray<long>()[0]);
    }

    [Fact]
    public void Write_MillionsOfNumbers_CopiesNone()
    {
        using var data = new DeviceBuffer<float>(10_000_000);
        data.Clear();
        Tensor[] tensors = [Tensor.Of("native", data), Tensor.Of("managed", new float[1_000_000])];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Safetensors.Write(Stream.Null, new Dictionary<string, string>(), tensors);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
    }

    [Theory, MemberData(nameof(Hostile))]
    public void Read_HostileHeader_SaysWhatIsWrong(string header, int dataBytes, string word)
    {
        var exception = Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(Content(header, dataBytes))));
        Assert.Contains(word, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(8)]
    public void Read_CutOff_IsRefused(int length)
    {
        var bytes = Content("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4)[..length];
        Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(bytes)));
    }

    [Fact]
    public void Read_MoreBehindTheLastTensor_IsRefusedWhateverTheStreamKnows()
    {
        var bytes = Content("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5);
        Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(bytes)));
        Assert.Throws<InvalidDataException>(() => Safetensors.Read(new UnseekableStream(bytes)));
    }

    [Fact]
    public void Read_PromiseOfATerabyte_AllocatesNextToNothing()
    {
        // Far more than a machine can give: to ask for it would end otherwise than in a refusal.
        var header = """{"a":{"dtype":"U8","shape":[200000000000000],"data_offsets":[0,200000000000000]}}""";
        var moreThanAWindow = Content(header, 2 << 20);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => Safetensors.Read(new UnseekableStream(Content(header, 10)), maximumBytes: long.MaxValue));
        Assert.Throws<InvalidDataException>(() => Safetensors.Read(new UnseekableStream(moreThanAWindow), maximumBytes: long.MaxValue));
        Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(Content(header, 10)), maximumBytes: 1000));
        var huge = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(huge, long.MaxValue);
        Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(huge)));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void Read_RandomDamage_NeverFailsOtherwise()
    {
        var intact = Write(new Dictionary<string, string> { ["format"] = "test" }, [Tensor.Of("a", new float[20]), Tensor.Of("b", new long[5])]);
        var stream = RandomStream.For(1, RandomPurpose.GeneratedData);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = intact[..(int)(round % 3 == 0 ? stream.NextBelow(intact.Length) : intact.Length)];
            for (var i = 0; i < 1 + (round % 4) && bytes.Length > 0; i++)
            {
                bytes[stream.NextBelow(bytes.Length)] = (byte)stream.NextBelow(256);
            }

            try
            {
                Safetensors.Read(round % 2 == 0 ? new MemoryStream(bytes) : new UnseekableStream(bytes)).Dispose();
            }
            catch (InvalidDataException)
            {
                // The one answer to damage; anything else fails the test.
            }
        }
    }

    private static byte[] Write(Dictionary<string, string> metadata, Tensor[] tensors)
    {
        using var stream = new MemoryStream();
        Safetensors.Write(stream, metadata, tensors);
        return stream.ToArray();
    }

    private static byte[] Content(string header, int dataBytes)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        return file;
    }

    private sealed class UnseekableStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException("A socket does not know its length.");
    }
}
