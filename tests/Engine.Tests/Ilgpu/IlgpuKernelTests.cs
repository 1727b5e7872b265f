using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Ilgpu;
using SparseService.Engine.Ilgpu.Kernels;

namespace SparseService.Engine.Tests.Ilgpu;

/// <summary>What the compilers for CUDA and OpenCL make of every kernel: neither needs its device.</summary>
public sealed partial class IlgpuKernelTests : IDisposable
{
    private readonly Context context = Context.Create(builder =>
    {
        builder.CPU(new CPUDevice(2, 1, 1));
        Fused.Register(builder.GetIntrinsicManager());
    });

    public static TheoryData<Type> Kernels =>
    [
        .. new[] { typeof(Linear), typeof(Relu), typeof(LeftSlopeRelu), typeof(SRelu), typeof(Tanh), typeof(Sigmoid) }
            .Select(activation => typeof(SparseForward<>).MakeGenericType(activation)),
        typeof(Update<KeepGradient>), typeof(Update<Momentum>), typeof(Update<Nesterov>), typeof(Update<Adam>),
        typeof(SparseInputGradient), typeof(MakeTieFree), typeof(AddSum), typeof(SoftmaxLoss), typeof(FusedLayer), typeof(ExpandBits),
    ];

    public void Dispose() => context.Dispose();

    [Fact]
    public void Kernels_Always_AreAllThatThereAre()
    {
        var written = typeof(IKernel).Assembly.GetTypes().Where(type => type.IsValueType && type.IsAssignableTo(typeof(IKernel)));
        var tested = Kernels.Select(row => row.Data).Select(type => type.IsGenericType ? type.GetGenericTypeDefinition() : type);
        Assert.Equal(written.Select(type => type.Name).Order(), tested.Select(type => type.Name).Distinct().Order());
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Compile_ForCuda_KeepsNaNAndHasNoAtomics(Type kernel)
    {
        using var backend = new PTXBackend(context, CudaArchitecture.SM_80, CudaInstructionSet.ISA_80, null!);
        var ptx = ((PTXCompiledKernel)backend.Compile(Entry(kernel), KernelSpecialization.Empty)).PTXAssembly;

        Assert.DoesNotMatch(ChoosesForNaN(), ptx);
        Assert.DoesNotMatch(@"\b(atom|red)\.", ptx);
        Assert.Equal(Fuses(kernel), ptx.Contains("fma.rn.f32", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Compile_ForOpenCl_Fuses(Type kernel)
    {
        var all = typeof(CLCapabilityContext).GetConstructors().Single();
        var capabilities = (CLCapabilityContext)all.Invoke([.. all.GetParameters().Select(_ => (object)true)]);
        using var backend = new CLBackend(context, capabilities, CLDeviceVendor.Other, new CLCVersion(2, 0));
        var source = ((CLCompiledKernel)backend.Compile(Entry(kernel), KernelSpecialization.Empty)).Source;

        Assert.Equal(Fuses(kernel), source.Contains(" fma (", StringComparison.Ordinal));
        Assert.DoesNotContain("atomic_", source, StringComparison.Ordinal);
    }

    private static bool Fuses(Type kernel) =>
        kernel != typeof(MakeTieFree) && kernel != typeof(AddSum) && kernel != typeof(ExpandBits);

    private static EntryPointDescription Entry(Type kernel) => EntryPointDescription.FromExplicitlyGroupedKernel(
        typeof(IlgpuDevice).GetMethod(nameof(IlgpuDevice.Run), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(kernel));

    // A choice by a comparison that is true where one side is NaN. A jump by one is the negation of what is written, and right.
    [GeneratedRegex(@"setp\.(ltu|leu|gtu|geu|equ)\.f\d+\t(?<choice>%p\d+),[^;]*;\s*selp\.[^;]*\k<choice>;")]
    private static partial Regex ChoosesForNaN();
}
