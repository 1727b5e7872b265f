namespace SparseService.Jobs.Events;

/// <summary>What trains a run: enough to tell two attempts apart, and to say what a figure was measured on.</summary>
/// <param name="Worker">Name of the process: host, process number, random part.</param>
/// <param name="Version">Of the service.</param>
/// <param name="Backend">Kernels that compute: <c>simd</c>, <c>opencl</c>, <c>cuda</c>, <c>ilgpu</c> or <c>reference</c>.</param>
/// <param name="Threads">That the run may use.</param>
/// <param name="Processor">As the system calls it.</param>
/// <param name="Memory">Bytes that the process may use.</param>
/// <param name="Runtime">Of .NET.</param>
/// <param name="System">Operating system.</param>
public sealed record RunEnvironment(
    string Worker, string Version, string Backend, int Threads, string Processor, long Memory, string Runtime, string System);
