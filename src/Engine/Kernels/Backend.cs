namespace SparseService.Engine.Kernels;

/// <summary>A device that can run every operation of training. The operations stand one per file beside this one.</summary>
public abstract partial class Backend : IDisposable
{
    /// <summary>As in <c>--backend</c>: <c>reference</c> or <c>simd</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Creates a backend by name.</summary>
    /// <param name="name"><c>reference</c> (scalar, the judge) or <c>simd</c>; null takes <c>simd</c>.</param>
    /// <param name="threads">Threads over rows; results do not depend on it. 0 = one per processor.</param>
    /// <exception cref="ArgumentException">The name is not known; the message lists the names.</exception>
    public static Backend Create(string? name = null, int threads = 0) => throw new NotSupportedException();

    public virtual void Dispose() => GC.SuppressFinalize(this);
}
