using SparseService.Engine.Kernels;

namespace SparseService.Engine.Tests.Kernels;

/// <summary>An output buffer: NaN where a kernel must write, and marked elements behind that it must not touch.</summary>
internal sealed class GuardedBuffer : IDisposable
{
    private const int GuardLength = 64;
    private const float Mark = 12345.678f;

    private readonly int length;

    public GuardedBuffer(int length)
    {
        this.length = length;
        Buffer = new DeviceBuffer<float>(length + GuardLength);
        Buffer.Span[..length].Fill(float.NaN);
        Buffer.Span[length..].Fill(Mark);
    }

    public DeviceBuffer<float> Buffer { get; }

    /// <summary>What was written, after a look at the guard.</summary>
    public Span<float> Written
    {
        get
        {
            foreach (var value in Buffer.Span[length..])
            {
                Assert.Equal(Mark, value);
            }

            return Buffer.Span[..length];
        }
    }

    public void Dispose() => Buffer.Dispose();
}
