namespace SparseService.Engine.Kernels;

/// <summary>A device's copy of a buffer's elements.</summary>
internal interface IDeviceCopy : IDisposable
{
    /// <summary>Makes the host's elements the newest, and the only ones that count from now on. From any thread.</summary>
    void BringHome();
}
