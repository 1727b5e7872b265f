using SparseService.Engine.Kernels;

namespace SparseService.Engine.Inference;

/// <summary>
/// Memory for strips, which come and go by the dozen: taken from the system in pieces large enough for large pages (4096 neurons, 32 inputs, 4 KiB
/// pages: a strip alone has twice as many pages as the first-level address cache has entries).
/// </summary>
/// <remarks>Any thread may take and give back.</remarks>
internal sealed class StripArena(int neurons, int lanes) : IDisposable
{
    private const long PieceBytes = 16 << 20;

    private readonly object gate = new();
    private readonly Stack<DeviceBuffer<float>> free = [];
    private readonly List<DeviceBuffer<float>> pieces = [];

    /// <summary>Rows of a strip.</summary>
    public int Neurons => neurons;

    /// <summary>Slots of a row.</summary>
    public int Lanes => lanes;

    public DeviceBuffer<float> Take()
    {
        lock (gate)
        {
            if (free.Count == 0)
            {
                var length = (long)neurons * lanes;
                var strips = Math.Max(1, PieceBytes / sizeof(float) / length);
                pieces.Add(new DeviceBuffer<float>(strips * length));
                for (var strip = strips - 1; strip >= 0; strip--)
                {
                    free.Push(pieces[^1].Window(strip * length, length));
                }
            }

            return free.Pop();
        }
    }

    public void GiveBack(DeviceBuffer<float> memory)
    {
        lock (gate)
        {
            free.Push(memory);
        }
    }

    public void Dispose() => pieces.ForEach(piece => piece.Dispose());
}
