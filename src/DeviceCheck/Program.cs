using SparseService.DeviceCheck;
using SparseService.Engine.Gpu;

const string DriverOption = "--driver";

// Checks on a machine with a device, where neither .NET nor the service is: docs/gpu-checks.md says when each has passed.
var place = Array.IndexOf(args, DriverOption);
string? asked = place < 0 ? null : args.ElementAtOrDefault(place + 1) ?? "";
string[] words = place < 0 ? args : [.. args[..place], .. args.Skip(place + 2)];
if (asked is not (null or "opencl" or "cuda"))
{
    return Usage();
}

try
{
    var driver = asked ?? GpuDevice.Choose().ApiName;
    return words switch
    {
        ["devices"] => Checks.Devices(Console.Out, driver),
        ["kernels"] => Checks.Kernels(Console.Out, driver),
        ["transfers"] => Checks.Transfers(Console.Out, driver),
        ["memory"] => Checks.Memory(Console.Out, driver),
        ["train"] => TrainingCheck.Run(Console.Out, driver, folder: null),
        ["train", var folder] => TrainingCheck.Run(Console.Out, driver, folder),
        ["inference", var neurons, var layers] => InferenceCheck.Run(Console.Out, driver, neurons, layers),
        _ => Usage(),
    };
}
catch (DeviceException fault)
{
    Console.Error.WriteLine(fault.Message);
    return 1;
}

static int Usage()
{
    Console.Error.WriteLine(
        "sparse-device-check [--driver opencl|cuda] devices | kernels | transfers | memory | train [DIR] | inference NEURONS LAYERS");
    return 5;
}
