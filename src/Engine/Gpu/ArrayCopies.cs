using System.Runtime.CompilerServices;

namespace SparseService.Engine.Gpu;

/// <summary>Device copies of managed arrays. Nobody can tell when somebody touches an array, so a copy counts only while steps are under way,
/// in which by agreement nobody does.</summary>
internal sealed class ArrayCopies<TMemory>(IDeviceLink<TMemory> link)
    where TMemory : class, IDisposable
{
    // A copy goes when its array does.
    private readonly ConditionalWeakTable<float[], Copy> copies = [];
    private readonly List<float[]> changed = [];
    private int stretch;
    private bool isStepping;

    public void Begin() => (isStepping, stretch) = (true, stretch + 1);

    /// <summary>The device's side, as new as the array.</summary>
    public TMemory ToRead(float[] array)
    {
        var copy = copies.GetValue(array, key => new Copy(link.Allocate(key.LongLength * sizeof(float))));
        if (!isStepping || copy.Stretch != stretch)
        {
            link.Upload<TMemory, float>(array, copy.Memory);
            copy.Stretch = isStepping ? stretch : 0;
            copy.IsChanged = false;
        }

        return copy.Memory;
    }

    /// <summary>The device's sides have just been made newer than the arrays.</summary>
    public void Changed(params ReadOnlySpan<float[]?> arrays)
    {
        foreach (var array in arrays)
        {
            if (array is null)
            {
                continue;
            }

            copies.TryGetValue(array, out var copy);
            if (!isStepping)
            {
                Fetch(array, copy!);
            }
            else if (!copy!.IsChanged)
            {
                copy.IsChanged = true;
                changed.Add(array);
            }
        }
    }

    /// <summary>Brings all arrays up to date.</summary>
    public void End()
    {
        isStepping = false;
        foreach (var array in changed)
        {
            copies.TryGetValue(array, out var copy);
            Fetch(array, copy!);
        }

        changed.Clear();
    }

    private void Fetch(float[] array, Copy copy) => link.Download<TMemory, float>(copy.Memory, array);

    private sealed class Copy(TMemory memory)
    {
        public TMemory Memory { get; } = memory;

        public int Stretch { get; set; }

        public bool IsChanged { get; set; }
    }
}
