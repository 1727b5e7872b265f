using SparseService.Engine.Gpu;

namespace SparseService.Engine.Tests.Gpu;

/// <summary>A kernel that was started, with what it was given.</summary>
internal sealed record Launched(
    string Program, string Options, string Kernel, IReadOnlyList<(ArgumentKind Kind, int Bytes)> Arguments, (long X, long Y) Groups,
    (int X, int Y) Group);

/// <summary>A driver that works as the one behind it, and notes every kernel that is started.</summary>
internal sealed unsafe class RecordingApi(DeviceApi inner) : DeviceApi
{
    private readonly Dictionary<nint, (string Name, string Options)> programs = [];

    public List<Launched> Launches { get; } = [];

    public override string Name => inner.Name;

    public override DeviceFacts Facts => inner.Facts;

    public override nint BuildProgram(string name, string source, string options)
    {
        var program = inner.BuildProgram(name, source, options);
        programs.Add(program, (name, options));
        return program;
    }

    public override ApiKernel CreateKernel(nint program, string name) =>
        new RecordingKernel(inner.CreateKernel(program, name), launch => Launches.Add(
            launch with { Program = programs[program].Name, Options = programs[program].Options, Kernel = name }));

    public override nint Allocate(long bytes, string doing) => inner.Allocate(bytes, doing);

    public override void Free(nint memory) => inner.Free(memory);

    public override nint CreateQueue() => inner.CreateQueue();

    public override void ReleaseQueue(nint queue) => inner.ReleaseQueue(queue);

    public override void Finish(nint queue) => inner.Finish(queue);

    public override PinnedMemory Pin(nint queue, long bytes) => inner.Pin(queue, bytes);

    public override nint Write(nint queue, nint memory, long offset, long bytes, void* host, bool isBlocking) =>
        inner.Write(queue, memory, offset, bytes, host, isBlocking);

    public override nint Read(nint queue, nint memory, long offset, long bytes, void* host, bool isBlocking) =>
        inner.Read(queue, memory, offset, bytes, host, isBlocking);

    public override void Clear(nint queue, nint memory, long bytes) => inner.Clear(queue, memory, bytes);

    public override nint Mark(nint queue) => inner.Mark(queue);

    public override void After(nint queue, nint mark) => inner.After(queue, mark);

    public override void Wait(nint done) => inner.Wait(done);

    public override void ReleaseEvent(nint done) => inner.ReleaseEvent(done);

    private sealed class RecordingKernel(ApiKernel inner, Action<Launched> note) : ApiKernel
    {
        private readonly List<(ArgumentKind Kind, int Bytes)> arguments = [];

        public override void Set(int index, ArgumentKind kind, int bytes, void* value)
        {
            inner.Set(index, kind, bytes, value);
            arguments.RemoveRange(index, arguments.Count - index);
            arguments.Add((kind, bytes));
        }

        public override void Launch(nint queue, (long X, long Y) groups, (int X, int Y) group)
        {
            inner.Launch(queue, groups, group);
            note(new Launched("", "", "", [.. arguments], groups, group));
        }

        public override void Dispose() => inner.Dispose();
    }
}
