using SparseService.Engine.Data;
using SparseService.Engine.Gpu;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Kernels;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Gpu;

/// <summary>The kernels under an interpreter that sees every access: races between work-items and accesses beside a buffer.</summary>
public sealed class OclgrindTests : IDisposable
{
    private static readonly string[] Places =
    [
        "/usr/lib/oclgrind/liboclgrind-rt-icd.so", "/usr/local/lib/oclgrind/liboclgrind-rt-icd.so", "/usr/lib/liboclgrind-rt-icd.so",
    ];

    private readonly string vendors = Directory.CreateTempSubdirectory("sparse-").FullName;

    public void Dispose() => Directory.Delete(vendors, recursive: true);

    [Theory]
    [InlineData("1")] // one sample at a time, alone
    [InlineData("5")]
    [InlineData("12")] // registers of four
    [InlineData("32")] // of four and of sixteen, sums shared by eight
    public void Kernels_SmallShapes_HaveNoRaceAndStayInTheirBuffers(string batchSize)
    {
        var output = RunChecked(RunEveryKernel, batchSize);
        Assert.Contains("as the reference", output, StringComparison.Ordinal);
        Assert.DoesNotContain("race", output, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Invalid", output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Inference_SmallShapes_HasNoRaceAndStaysInItsBuffers()
    {
        var output = RunChecked(DeviceInferenceTests.RunSmall, "");
        Assert.Contains("as the reference", output, StringComparison.Ordinal);
        Assert.DoesNotContain("race", output, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Invalid", output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Evolution_SmallShapes_HasNoRaceAndStaysInItsBuffers()
    {
        var output = RunChecked(DeviceEvolutionTests.RunSmall, "");
        Assert.Contains("as the reference", output, StringComparison.Ordinal);
        Assert.DoesNotContain("race", output, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Invalid", output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Planted_Race_IsReported() =>
        Assert.Contains("race", RunChecked(RunPlanted, "kernel void planted(global int *a) { a[0] = get_global_id(0); }"), StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void Planted_MissingBarrier_IsReported() => Assert.Contains(
        "race",
        RunChecked(
            RunPlanted,
            "kernel void planted(global int *a) { local int s[4]; int i = get_local_id(0); s[i] = i; a[i] = s[(i + 1) % 4]; }"),
        StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void Planted_Overrun_IsReported() => Assert.Contains(
        "Invalid write", RunChecked(RunPlanted, "kernel void planted(global int *a) { a[get_global_id(0) + 1] = 1; }"), StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void Planted_Nothing_IsSilent()
    {
        var output = RunChecked(RunPlanted, "kernel void planted(global int *a) { a[get_global_id(0)] = 1; }");
        Assert.DoesNotContain("race", output, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Invalid", output, StringComparison.OrdinalIgnoreCase);
    }

    internal static void RunEveryKernel(string batch)
    {
        var batchSize = int.Parse(batch, System.Globalization.CultureInfo.InvariantCulture);
        using var reference = Backend.Create("reference");
        foreach (var step in DoubleOptimizer.Samples)
        {
            var expected = DeviceStep.Run(reference, batchSize, 0.4, step);
            foreach (var shapes in new[] { new KernelShapes(4, 8, 16), new KernelShapes(16, 1, 8) })
            {
                using var backend = new DeviceBackend(GpuDevice.Choose("opencl"), shapes: shapes);
                var actual = DeviceStep.Run(backend, batchSize, 0.4, step);
                for (var index = 0; index < expected.Count; index++)
                {
                    AssertClose(Array.ConvertAll(expected[index], value => (double)value), actual[index], 3e-5);
                }
            }
        }

        foreach (var element in new[] { SampleElement.Byte, SampleElement.Float })
        {
            using var files = new StoreFiles();
            using var data = files.Random(20, 19, element);
            using var backend = new DeviceBackend(GpuDevice.Choose("opencl"));
            using var expected = new DeviceBuffer<float>(19 * batchSize);
            using var actual = new DeviceBuffer<float>(19 * batchSize);
            int[] rows = [.. Enumerable.Range(0, batchSize).Select(sample => sample % 20)];
            data.Gather(rows, Vector(19, seed: 1), Vector(19, seed: 2), expected.Span, batchSize, reference);
            backend.Gather(data, rows, Vector(19, seed: 1), Vector(19, seed: 2), actual, batchSize);
            Assert.Equal(Bits(expected.Span), Bits(actual.Span));
        }

        Console.WriteLine("as the reference");
    }

    internal static void RunPlanted(string source)
    {
        var device = GpuDevice.Choose("opencl");
        var queue = new DeviceQueue(device);
        using var memory = new DeviceMemory(device, 4 * sizeof(int));
        using var kernel = new Kernel(device, device.Program("planted", source, ""), "planted");
        kernel.Memory(memory).Run(queue, 4, 4);
        queue.Finish();
        queue.Release();
    }

    private string RunChecked(Action<string> program, string argument)
    {
        if (Places.FirstOrDefault(File.Exists) is not { } library)
        {
            Assert.Skip("There is no Oclgrind (the package oclgrind; ./sparse test installs it)");
            return "";
        }

        File.WriteAllText(Path.Combine(vendors, "oclgrind.icd"), library + "\n");
        var (code, output) = DeviceProgram.Run(
            program, argument, ("OCL_ICD_VENDORS", vendors), ("OCLGRIND_DATA_RACES", "1"), ("SPARSE_OPENCL_DEVICE", ""));
        Assert.True(code == 0, output);
        return output;
    }
}
