namespace SparseService.Engine.Ilgpu.Kernels;

/// <summary>What one thread of a device does. The fields are the arguments.</summary>
/// <remarks>
/// Threads lie in groups of (columns, rows). Neighbours in a row of a group read neighbouring samples; there are no threads past the last
/// row or column, so a kernel whose threads meet at barriers has whole groups.
/// </remarks>
internal interface IKernel
{
    void Execute(long row, int column);
}
