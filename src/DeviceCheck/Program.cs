using SparseService.DeviceCheck;
using SparseService.Engine.Gpu;

// Checks on a machine with a device, where neither .NET nor the service is: docs/gpu-checks.md says when each has passed.
try
{
    return args switch
    {
        ["devices"] => Checks.Devices(Console.Out),
        ["kernels"] => Checks.Kernels(Console.Out),
        ["transfers"] => Checks.Transfers(Console.Out),
        ["memory"] => Checks.Memory(Console.Out),
        ["evolution"] => EvolutionCheck.Run(Console.Out),
        ["train"] => TrainingCheck.Run(Console.Out, folder: null),
        ["train", var folder] => TrainingCheck.Run(Console.Out, folder),
        ["inference", var neurons, var layers] => InferenceCheck.Run(Console.Out, neurons, layers),
        ["inference", var neurons, var layers, var devices] => InferenceCheck.Run(Console.Out, neurons, layers, devices),
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
        "sparse-device-check devices | kernels | transfers | memory | evolution | train [DIR] | inference NEURONS LAYERS [DEVICES]");
    return 5;
}
