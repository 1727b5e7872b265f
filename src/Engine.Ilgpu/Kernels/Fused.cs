using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Values;

namespace SparseService.Engine.Ilgpu.Kernels;

/// <summary>a·b + c, rounded once: sums on a grid (docs/decisions/0006) are exact by it, and ILGPU has no word for it.</summary>
internal static class Fused
{
    /// <summary>On a processor as it stands; CUDA and OpenCL get their own instruction.</summary>
    [IntrinsicImplementation]
    public static float MultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    /// <summary>Tells a context's compilers what to make of it.</summary>
    public static void Register(IntrinsicImplementationManager intrinsics)
    {
        var method = typeof(Fused).GetMethod(nameof(MultiplyAdd))!;
        const IntrinsicImplementationMode Emits = IntrinsicImplementationMode.GenerateCode;
        intrinsics.RegisterMethod(method, new PTXIntrinsic(typeof(Fused), nameof(EmitForCuda), Emits));
        intrinsics.RegisterMethod(method, new CLIntrinsic(typeof(Fused), nameof(EmitForOpenCl), Emits));
    }

    private static void EmitForCuda(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        var (a, b, c) = (generator.LoadPrimitive(call[0]), generator.LoadPrimitive(call[1]), generator.LoadPrimitive(call[2]));
        var result = generator.AllocateHardware(value);
        using var command = generator.BeginCommand("fma.rn.f32");
        command.AppendArgument(result);
        command.AppendArgument(a);
        command.AppendArgument(b);
        command.AppendArgument(c);
    }

    private static void EmitForOpenCl(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        using var statement = generator.BeginStatement(generator.Allocate(value));
        statement.AppendCommand("fma");
        statement.BeginArguments();
        statement.AppendArgument(generator.Load(call[0]));
        statement.AppendArgument(generator.Load(call[1]));
        statement.AppendArgument(generator.Load(call[2]));
        statement.EndArguments();
    }
}
