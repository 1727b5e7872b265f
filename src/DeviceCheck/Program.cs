using SparseService.DeviceCheck;
using SparseService.Engine.Gpu;

const string BackendOption = "--backend";

// Checks on a machine with a device, where neither .NET nor the service is: docs/gpu-checks.md says when each has passed.
OptionalParts.Add();
var place = Array.IndexOf(args, BackendOption);
string? asked = place < 0 ? null : args.ElementAtOrDefault(place + 1) ?? "";
string[] words = place < 0 ? args : [.. args[..place], .. args.Skip(place + 2)];
if (asked is not (null or "opencl" or "cuda" or "ilgpu"))
{
    return Usage();
}

try
{
    var backend = asked ?? GpuDevice.Choose().ApiName;
    return words switch
    {
        ["devices"] => Checks.Devices(Console.Out, backend),
        ["kernels"] => Checks.Kernels(Console.Out, backend),
        ["transfers"] => Checks.Transfers(Console.Out, backend),
        ["memory"] => Checks.Memory(Console.Out, backend),
        ["evolution"] => EvolutionCheck.Run(Console.Out, backend),
        ["train"] => TrainingCheck.Run(Console.Out, backend, folder: null),
        ["train", var folder] => TrainingCheck.Run(Console.Out, backend, folder),
        ["inference", var neurons, var layers] => InferenceCheck.Run(Console.Out, backend, neurons, layers),
        ["inference", var neurons, var layers, var devices] => InferenceCheck.Run(Console.Out, backend, neurons, layers, devices),
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
        "sparse-device-check [--backend opencl|cuda|ilgpu] devices | kernels | transfers | memory | evolution | train [DIR]"
        + " | inference NEURONS LAYERS [DEVICES]");
    return 5;
}
