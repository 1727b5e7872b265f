namespace SparseService.Engine.Kernels;

/// <summary>A device's copy of a buffer's elements.</summary>
internal interface IDeviceCopy : IDisposable
{
    /// <summary>Makes the host's elements the newest, and the only ones that count from now on. From any thread.</summary>
    void BringHome();

    /// <summary>Makes the host's elements as new as the device's, which count on too: to be looked at only. From any thread.</summary>
    void Show();
}
