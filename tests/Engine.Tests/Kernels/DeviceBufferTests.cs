using SparseService.Engine.Kernels;

namespace SparseService.Engine.Tests.Kernels;

public sealed class DeviceBufferTests
{
    [Theory]
    [InlineData(0, 64)]
    [InlineData(1, 64)]
    [InlineData(1000, 64)]
    [InlineData(1 << 20, 2 << 20)] // 4 MiB: large pages
    [InlineData((1 << 20) + 1, 2 << 20)]
    public unsafe void New_AnyLength_IsAlignedAndWritable(int length, int alignment)
    {
        using var buffer = new DeviceBuffer<float>(length);
        Assert.Equal(0, (long)buffer.Pointer % alignment);
        buffer.Span.Fill(1);
        buffer.Clear();
        Assert.Equal(-1, buffer.Span.IndexOfAnyExcept(0f));
    }

    [Fact]
    public void Index_OutsideTheLength_NamesWhatIsAllowed()
    {
        using var buffer = new DeviceBuffer<int>([5, 6, 7]);
        buffer[2]++;
        Assert.Equal([5, 6, 8], buffer.ToArray());
        buffer.Resize(2);
        Assert.Equal((2L, 3L), (buffer.Length, buffer.Capacity));
        Assert.Contains("allowed: 0 to 1", Assert.Throws<ArgumentOutOfRangeException>(() => buffer[2]).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer[-1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(1, 2).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Resize(4));
        buffer.Resize(3);
        Assert.Equal(8, buffer[2]);
    }

    [Fact]
    public void Use_AfterDispose_IsRefused()
    {
        using var buffer = new DeviceBuffer<float>([5, 6, 7]);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Row(0, 3).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Resize(1));
        Assert.Equal(0, buffer.Span.Length);
    }
}
