using SparseService.Engine.Gpu;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Gpu;

/// <summary>What of CUDA does not need a GPU.</summary>
public class CudaTests
{
    [Fact]
    public void Create_WithoutTheDriver_SaysWhatIsMissingAndWhatIsAllowed()
    {
        if (Cuda.IsInstalled)
        {
            Assert.Skip("NVIDIA's driver is here");
        }

        Assert.DoesNotContain("cuda", Backend.Available);
        Assert.Contains("cuda", Backend.Names);
        var fault = Assert.Throws<NoDeviceException>(() => Backend.Create("cuda"));
        Assert.Contains($"{Cuda.LibraryName} is missing", fault.Message, StringComparison.Ordinal);
        Assert.Contains("NVIDIA's driver", fault.Message, StringComparison.Ordinal);
        Assert.EndsWith("or use the backend opencl or simd", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Spec_WithCuda_AsksForItAndForOneWorker()
    {
        var options = TrainingData.Options(2, 20, 2) with { Backend = BackendKind.Cuda };
        Assert.Empty(TrainingOptionsValidator.Validate(options));

        var several = options with { Parallel = new ParallelTrainingOptions { Method = ParallelMethod.Wasap, Workers = 2 } };
        var fault = Assert.Single(TrainingOptionsValidator.Validate(several), fault => fault.Path == "$.training.backend");
        Assert.Equal("cuda", fault.Value);
        using var instead = Backend.For(several, null, 1);
        Assert.Equal("simd", instead.Name);
    }

    [Theory]
    [InlineData(2, typeof(DeviceMemoryException), "CUDA_ERROR_OUT_OF_MEMORY (2)")]
    [InlineData(2, typeof(DeviceMemoryException), "take a smaller batchSize")]
    [InlineData(201, typeof(DeviceLostException), "restart this process")]
    [InlineData(214, typeof(DeviceLostException), "CUDA_ERROR_ECC_UNCORRECTABLE")]
    [InlineData(700, typeof(DeviceLostException), "CUDA_ERROR_ILLEGAL_ADDRESS (700)")]
    [InlineData(702, typeof(DeviceLostException), "go on from the newest checkpoint")]
    [InlineData(716, typeof(DeviceLostException), "CUDA_ERROR_MISALIGNED_ADDRESS")]
    [InlineData(719, typeof(DeviceLostException), "CUDA_ERROR_LAUNCH_FAILED")]
    [InlineData(999, typeof(DeviceLostException), "CUDA_ERROR_UNKNOWN")]
    [InlineData(209, typeof(KernelBuildException), "compute capability 7.0")]
    [InlineData(218, typeof(KernelBuildException), "CUDA_ERROR_INVALID_PTX")]
    [InlineData(222, typeof(KernelBuildException), "Update NVIDIA's driver")]
    [InlineData(500, typeof(KernelBuildException), "CUDA_ERROR_NOT_FOUND")]
    [InlineData(1, typeof(DeviceException), "CUDA_ERROR_INVALID_VALUE (1)")]
    [InlineData(701, typeof(DeviceException), "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES")]
    public void Fault_OfACode_NamesDeviceOperationAndRemedy(int code, Type type, string words)
    {
        var fault = CudaFault.Of(code, "card 7", "kernel sparse_forward");
        Assert.IsType(type, fault);
        Assert.StartsWith("card 7, kernel sparse_forward: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fault_OfAProgram_EndsWithTheCompilersWords()
    {
        var fault = CudaFault.Build("card 7, program Loss", "ptxas fatal: line 3");
        Assert.EndsWith("Its compiler said:\nptxas fatal: line 3", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100_000, 2, 128, 1, 100_000, 2)] // groups of one row stand upright
    [InlineData(3, 65_535, 256, 1, 3, 65_535)]
    [InlineData(2, 100_000, 32, 4, 100_000, 2)] // others lie on their side
    [InlineData(65_535, 1, 1, 128, 1, 65_535)]
    public void Grid_OfGroups_HoldsAllOfThem(long x, long y, int groupX, int groupY, uint gridX, uint gridY) =>
        Assert.Equal((gridX, gridY), CudaGrid.Of((x, y), (groupX, groupY), "kernel"));

    [Theory]
    [InlineData(3, 65_536, 256, 1)]
    [InlineData(65_536, 3, 32, 4)]
    [InlineData(1, 1L << 31, 32, 4)]
    public void Grid_OfTooManyGroups_IsRefused(long x, long y, int groupX, int groupY)
    {
        var fault = Assert.Throws<DeviceException>(() => CudaGrid.Of((x, y), (groupX, groupY), "card 7, kernel k"));
        Assert.StartsWith($"card 7, kernel k: {x} × {y} groups", fault.Message, StringComparison.Ordinal);
        Assert.Contains("allowed on CUDA: ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Locals_OfAnySizes_DoNotOverlap()
    {
        int[] bytes = [0, 512, 0, 4, 24_576, 48, 1];
        var offsets = PtxEntry.LayOut(bytes, out var total);
        for (var index = 0; index < bytes.Length; index++)
        {
            Assert.Equal(0, offsets[index] % 16);
            Assert.True(offsets[index] + bytes[index] <= (index + 1 < bytes.Length ? offsets[index + 1] : total));
        }

        Assert.Equal(512 + 16 + 24_576 + 48 + 16, total);
    }

    [Fact]
    public void Parameters_OfAnEntry_LieAsThePtxSays()
    {
        const string text = """
            .visible .entry k(
            	.param .u32 k_param_0,
            	.param .u64 .ptr .global .align 4 k_param_1,
            	.param .b32 k_param_2,
            	.param .align 8 .b8 k_param_3[24],
            	.param .f32 k_param_4
            )
            """;
        var entry = Assert.Single(new PtxProgram(text).Entries).Value;
        Assert.Equal(
            [
                new(ArgumentKind.Value, 4, 4, 0), new(ArgumentKind.Memory, 8, 8, 8), new(ArgumentKind.Local, 4, 4, 16),
                new(ArgumentKind.Value, 24, 8, 24), new PtxParameter(ArgumentKind.Value, 4, 4, 48),
            ],
            entry.Parameters);
        Assert.Equal(52, entry.Bytes);

        Assert.Null(entry.Fault(2, ArgumentKind.Local, 4096));
        Assert.Equal("has 8 bytes, the kernel's 4", entry.Fault(0, ArgumentKind.Value, 8));
        Assert.Equal("given as Value, the kernel's is Memory", entry.Fault(1, ArgumentKind.Value, 8));
        Assert.Equal("the kernel has 5 parameters", entry.Fault(5, ArgumentKind.Value, 4));
    }
}
