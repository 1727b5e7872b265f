using System.Text.RegularExpressions;
using SparseService.Engine.Data;
using SparseService.Engine.Gpu;
using SparseService.Engine.Inference;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Inference;
using SparseService.Engine.Tests.Kernels;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Gpu;

/// <summary>What can be known of the PTX without a GPU: that it is of these sources, rounds as OpenCL does, and takes what C#
/// gives.</summary>
public partial class PtxTests
{
    // Of CUDA, unless more is asked for.
    private const int SharedForAll = 48 << 10;
    private const int MostItems = 1024;

    public static TheoryData<string, string> Variants => [.. PtxVariants.All.Select(variant => (variant.Program, variant.Options))];

    [Theory, MemberData(nameof(Variants))]
    public void Text_OfEachVariant_IsOfTheSourceAsItIs(string program, string options)
    {
        var text = Program(program, options).Text;
        var source = $"source {PtxVariants.Stamp(program, options)};";
        Assert.True(text.Split('\n')[0].Contains(source, StringComparison.Ordinal), $"{program}.cl has changed since: run ./sparse ptx");
        Assert.Contains("\n.version 7.5\n.target sm_70\n.address_size 64\n", text, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Variants))]
    public void Entries_OfEachVariant_HaveTheParametersOfTheSource(string program, string options)
    {
        var entries = Program(program, options).Entries;
        var kernels = KernelHead().Matches(KernelSource.Of(program));
        Assert.Equal(kernels.Select(kernel => kernel.Groups["name"].Value).Order(), entries.Keys.Order());
        foreach (Match kernel in kernels)
        {
            var kinds = kernel.Groups["parameters"].Value.Split(',').Select(KindOf);
            Assert.Equal(kinds, entries[kernel.Groups["name"].Value].Parameters.Select(parameter => parameter.Kind));
        }
    }

    [Theory, MemberData(nameof(Variants))]
    public void Instructions_OfEachVariant_RoundAsOpenClDoes(string program, string options)
    {
        var text = Program(program, options).Text;
        foreach (Match arithmetic in Arithmetic().Matches(text))
        {
            // Without .rn the driver's compiler may fuse a product with a sum.
            Assert.Contains(".rn.", arithmetic.Value, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(".ftz", text, StringComparison.Ordinal);
        Assert.DoesNotContain(".approx", text, StringComparison.Ordinal);
        Assert.DoesNotContain(".full", text, StringComparison.Ordinal);
    }

    // The address of dynamic memory is added each time that a local argument is loaded, and what then is accessed is shared memory.
    [Theory, MemberData(nameof(Variants))]
    public void Locals_OfEachVariant_AreOffsetsIntoDynamicMemory(string program, string options)
    {
        var ptx = Program(program, options);
        var locals = ptx.Entries.Values.SelectMany(entry => entry.Parameters).Count(parameter => parameter.IsLocal);
        Assert.Equal(locals, Regex.Count(KernelSource.Of(program), @"(?<=kernel void [^)]*)\blocal \w+ \*"));
        Assert.Equal(locals > 0, ptx.Text.Contains("\n.extern .shared .align 16 .b8 dynamic_shared[];\n", StringComparison.Ordinal));
        Assert.DoesNotContain(".ptr .shared", ptx.Text, StringComparison.Ordinal);
        var loads = Regex.Count(ptx.Text, @"%offset, \[\w+\];");
        Assert.Equal(loads, LocalLoad().Count(ptx.Text));
        Assert.True(loads == 0 || ptx.Text.Contains("st.shared.", StringComparison.Ordinal));
        Assert.DoesNotMatch(@"\t(ld|st)\.[fbsu]\d", ptx.Text); // of an unknown space
    }

    [Fact]
    public void Arguments_OfEveryKernelThatCSharpStarts_AreThoseOfThePtx()
    {
        var recorder = new RecordingApi(DeviceSkip.Device().Api);
        Assert.True(recorder.Facts.HasDouble, "Sums are of doubles in the PTX");
        StartEverything(new GpuDevice(recorder));

        var faults =
            from launch in recorder.Launches
            let fault = FaultOf(launch)
            where fault is not null
            select $"{launch.Kernel}, {launch.Options}: {fault}";
        Assert.Empty(faults.Distinct());

        // And nothing is lowered that nobody asks for, nor left out here. A program may hold kernels of others that it stands on.
        Assert.Equal(
            PtxVariants.All.Select(variant => PtxVariants.FileName(variant.Program, variant.Options)).Order(),
            recorder.Launches.Select(launch => PtxVariants.FileName(launch.Program, launch.Options)).Distinct().Order());
        Assert.Equal(
            PtxVariants.All.SelectMany(variant => Program(variant.Program, variant.Options).Entries.Keys).Distinct().Order(),
            recorder.Launches.Select(launch => launch.Kernel).Distinct().Order());
    }

    private static string? FaultOf(Launched launch)
    {
        if (PtxProgram.Find(launch.Program, launch.Options) is not { } program)
        {
            return "there is no PTX: see PtxVariants";
        }

        var entry = program.Entries[launch.Kernel];
        if (launch.Arguments.Count != entry.Parameters.Count)
        {
            return $"{launch.Arguments.Count} arguments, the kernel has {entry.Parameters.Count}";
        }

        _ = CudaGrid.Of(launch.Groups, launch.Group, launch.Kernel);
        int[] locals = [.. launch.Arguments.Select(argument => argument.Kind == ArgumentKind.Local ? argument.Bytes : 0)];
        _ = PtxEntry.LayOut(locals, out var shared);
        var faults = launch.Arguments.Select((argument, index) => entry.Fault(index, argument.Kind, argument.Bytes));
        return faults.FirstOrDefault(fault => fault is not null)
            ?? (shared > SharedForAll ? $"{shared} bytes shared"
                : launch.Group.X * launch.Group.Y > MostItems ? "too large a group"
                : null);
    }

    private static void StartEverything(GpuDevice device)
    {
        using var backend = new DeviceBackend(device, shapes: KernelShapes.OfGpu);
        foreach (var batchSize in new[] { 1, 9, 33, 4, 32, 128 })
        {
            DeviceStep.Run(backend, batchSize, 0.5, DoubleOptimizer.Samples[2], Summation.FixedPoint);
        }

        foreach (var element in new[] { SampleElement.Byte, SampleElement.Float })
        {
            using var files = new StoreFiles();
            using var data = files.Random(20, 19, element);
            using var x = new DeviceBuffer<float>(19 * 4);
            backend.Gather(data, [1, 2, 3, 4], Vector(19, seed: 1), Vector(19, seed: 2), x, 4);
        }

        DeviceEvolutionTests.StartEverything(backend);
        StartInference(device);
    }

    // All at once, and in parts, which the host takes from layer to layer.
    private static void StartInference(GpuDevice device)
    {
        var layers = SmallNetworks.Layers([10, 9, 7, 8], seed: 1);
        foreach (var most in new[] { 0, 4 })
        {
            using var inference = new DeviceInference([device], FusedShape.OfGpu, mostBytes: 0) { MostInputs = most };
            inference.Run(LayerFeed.Of(layers), SmallNetworks.Inputs(11, 10, seed: 2));
        }

        Array.ForEach(layers, layer => layer.Dispose());
    }

    private static PtxProgram Program(string program, string options)
    {
        var ptx = PtxProgram.Find(program, options);
        Assert.True(ptx is not null, $"There is no PTX of {program} {options}: run ./sparse ptx");
        return ptx;
    }

    private static ArgumentKind KindOf(string parameter) => parameter.Split(' ', '\n', '\t').First(word => word.Length > 0) switch
    {
        "global" => ArgumentKind.Memory,
        "local" => ArgumentKind.Local,
        _ => ArgumentKind.Value,
    };

    [GeneratedRegex(@"^kernel void (?<name>\w+)\((?<parameters>[^)]*)\)", RegexOptions.Multiline)]
    private static partial Regex KernelHead();

    [GeneratedRegex(@"\t(add|sub|mul|fma|mad|div|rcp|sqrt|rsqrt|ex2|lg2|sin|cos)\.[\w.]*f(32|64)\b")]
    private static partial Regex Arithmetic();

    [GeneratedRegex(
        @"\tld\.param\.u32 \t%offset, \[\w+\];\n\tmov\.u64 \t%dynamic, dynamic_shared;\n\tcvt\.u64\.u32 \t(%rd\d+), %offset;\n"
        + @"\tadd\.s64 \t\1, \1, %dynamic;\n")]
    private static partial Regex LocalLoad();
}
