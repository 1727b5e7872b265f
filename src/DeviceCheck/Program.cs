using SparseService.DeviceCheck;
using SparseService.Engine.Gpu;

// Checks on a machine with a device, where neither .NET nor the service is: docs/gpu-checks.md says when each has passed.
OptionalParts.Add();
var (backend, check) = args is ["--backend", var name, .. var rest] ? (name, rest) : (Checks.OpenCl, args);
try
{
    return check switch
    {
        ["devices"] => Checks.Devices(Console.Out, backend),
        ["kernels"] => Checks.Kernels(Console.Out, backend),
        ["transfers"] => Checks.Transfers(Console.Out, backend),
        ["memory"] => Checks.Memory(Console.Out, backend),
        ["train"] => TrainingCheck.Run(Console.Out, folder: null, backend),
        ["train", var folder] => TrainingCheck.Run(Console.Out, folder, backend),
        ["inference", var neurons, var layers] when backend == Checks.OpenCl => InferenceCheck.Run(Console.Out, neurons, layers),
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
        "sparse-device-check [--backend ilgpu] devices | kernels | transfers | memory | train [DIR] | inference NEURONS LAYERS");
    return 5;
}
