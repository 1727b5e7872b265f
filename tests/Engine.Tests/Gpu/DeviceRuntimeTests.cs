using SparseService.Engine.Elementwise;
using SparseService.Engine.Gpu;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Gpu;

public sealed class DeviceRuntimeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sparse-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void OpenCl_OnThisMachine_RunsWhatTheOtherBackendsRun()
    {
        // Skipped by name where there is no device: then no case of the backend opencl has run anywhere.
        DeviceSkip.Device();
        Assert.Equal(["reference", "simd", "opencl"], Backend.Available.Take(3));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_537)]
    [InlineData((4 << 20) - 1)]
    [InlineData(4 << 20)]
    [InlineData((8 << 20) + 3)]
    [InlineData((12 << 20) + 1)]
    public unsafe void Transfer_PagedAndPageLocked_BringsBackEveryByte(int length)
    {
        var device = DeviceSkip.Device();
        foreach (var pins in new[] { false, true })
        {
            var queue = new DeviceQueue(device, pins);
            using var memory = new DeviceMemory(device, length);
            using var sent = new DeviceBuffer<byte>(length);
            using var got = new DeviceBuffer<byte>(length);
            for (var round = 1; round < 4; round++)
            {
                for (var index = 0; index < length; index++)
                {
                    sent.Pointer[index] = (byte)((index * 31L * round) >> 3);
                }

                got.Clear();
                queue.Upload(sent.Pointer, memory, length);
                queue.Download(memory, got.Pointer, length);
                Assert.True(sent.Span.SequenceEqual(got.Span));
            }

            queue.Release();
        }
    }

    [Fact]
    public unsafe void Queues_TwoOfADevice_RunInTheOrderOfTheirMarks()
    {
        const int length = 6 << 20;
        var device = DeviceSkip.Device();
        var (first, second) = (new DeviceQueue(device, pins: true), new DeviceQueue(device, pins: true));
        using var memory = new DeviceMemory(device, length);
        using var sent = new DeviceBuffer<byte>(length);
        using var got = new DeviceBuffer<byte>(length);
        for (byte round = 1; round < 20; round++)
        {
            sent.Span.Fill(round);
            first.Upload(sent.Pointer, memory, length);
            second.After(first.Mark());
            second.Download(memory, got.Pointer, length);
            Assert.False(got.Span.ContainsAnyExcept(round));
            first.After(second.Mark());
        }

        second.After(0); // none: nothing to wait for
        first.Release();
        second.Release();
    }

    [Fact]
    public void Buffer_TouchedInTurn_IsAlwaysTheNewest()
    {
        using var backend = new DeviceBackend(DeviceSkip.Device());
        using var w = new CsrMatrix(1, 1, [0, 1], [0], [2f]);
        using var x = Buffer([3]);
        using var y = Buffer([0, 7]); // longer than needed: what is behind stays

        Forward(w, x, y);
        Assert.Equal([6f, 7f], y.ToArray());

        // Each side's changes reach the other: weights and inputs of the host, and what the device left as the next input.
        w.Values[0] = 5;
        Forward(w, x, y);
        Assert.Equal(15, y[0]);
        x[0] = 4;
        y[1] = 8;
        Forward(w, x, y);
        Assert.Equal([20f, 8f], y.ToArray());
        Forward(w, y, x);
        Forward(w, x, y);
        Assert.Equal([500f, 8f], y.ToArray());
        Assert.Equal(100, x[0]);

        void Forward(CsrMatrix weights, DeviceBuffer<float> from, DeviceBuffer<float> to) =>
            backend.SparseForward(weights, [0f], from, to, 1, Activation.Linear);
    }

    [Fact]
    public void Buffer_OnADeviceThatIsGone_StillHasItsNumbers()
    {
        using var w = new CsrMatrix(1, 1, [0, 1], [0], [2f]);
        using var x = Buffer([3]);
        using var y = Buffer([0]);
        using (var backend = new DeviceBackend(DeviceSkip.Device()))
        {
            backend.SparseForward(w, [1f], x, y, 1, Activation.Linear);
        }

        // And another backend, here one after the other, takes them over.
        using var other = new DeviceBackend(GpuDevice.Choose("opencl"));
        other.SparseForward(w, [1f], y, x, 1, Activation.Linear);
        Assert.Equal((15f, 7f), (x[0], y[0]));
    }

    [Fact]
    public void Memory_MoreThanTheDeviceHas_SaysSoAndWhatToDo()
    {
        var device = DeviceSkip.Device();
        var fault = Assert.Throws<DeviceMemoryException>(() => new DeviceMemory(device, device.LargestBufferBytes + 1));
        Assert.Contains(device.Name, fault.Message, StringComparison.Ordinal);
        Assert.Contains($"a buffer of {device.LargestBufferBytes + 1:N0} bytes", fault.Message, StringComparison.Ordinal);
        Assert.Contains("take a smaller batchSize", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Program_ThatIsWrong_ComesWithTheCompilersWords()
    {
        var device = DeviceSkip.Device();
        var fault = Assert.Throws<KernelBuildException>(() => device.Program("planted", "kernel void k() { no_such_name = 1; }", ""));
        Assert.Contains(device.Name, fault.Message, StringComparison.Ordinal);
        Assert.Contains("program planted", fault.Message, StringComparison.Ordinal);
        Assert.Contains("no_such_name", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-2, typeof(DeviceLostException), "restart this process")]
    [InlineData(-36, typeof(DeviceLostException), "CL_INVALID_COMMAND_QUEUE (-36)")]
    [InlineData(-5, typeof(DeviceLostException), "go on from the newest checkpoint")]
    [InlineData(-9999, typeof(DeviceLostException), "a kernel that left its memory")]
    [InlineData(-4, typeof(DeviceMemoryException), "memory is full")]
    [InlineData(-52, typeof(DeviceException), "CL_INVALID_KERNEL_ARGS")]
    public void Fault_OfACode_NamesDeviceOperationAndRemedy(int code, Type type, string words)
    {
        var fault = OpenClFault.Of(code, "card 7", "kernel sparse_forward");
        Assert.IsType(type, fault);
        Assert.StartsWith("card 7, kernel sparse_forward: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_NoDriver_SaysWhatIsMissingAndLeavesTheOthersAlone()
    {
        DeviceSkip.Device();
        var (code, output) = DeviceProgram.Run(SayWhatThereIs, "", ("OCL_ICD_VENDORS", folder));
        Assert.Equal(0, code);
        Assert.Contains("available: reference, simd", output, StringComparison.Ordinal);
        Assert.Contains("OpenCL knows no device", output, StringComparison.Ordinal);
        Assert.Contains("or use the backend simd", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_DeviceOfAnotherName_ListsTheNames()
    {
        var device = DeviceSkip.Device();
        var (code, output) = DeviceProgram.Run(SayWhatThereIs, "", ("SPARSE_OPENCL_DEVICE", "no such card"));
        Assert.Equal(0, code);
        Assert.Contains("SPARSE_OPENCL_DEVICE is 'no such card'; allowed: ", output, StringComparison.Ordinal);
        Assert.Contains($"0 = {device.Name}", output, StringComparison.Ordinal);
    }

    internal static void SayWhatThereIs(string argument)
    {
        Console.WriteLine($"available: {string.Join(", ", Backend.Available)}");
        using var simd = Backend.Create("simd", 1);
        Console.WriteLine(Assert.Throws<NoDeviceException>(() => Backend.Create("opencl")).Message + argument);
    }
}
