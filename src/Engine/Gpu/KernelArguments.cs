using System.Runtime.InteropServices;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Training;

namespace SparseService.Engine.Gpu;

/// <summary>Activation.cl: <c>activation</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct DeviceActivation(in Activation from)
{
    private readonly int kind = (int)from.Kind;
    private readonly float leftSlope = from.LeftSlope;
    private readonly float sReluLeftThreshold = from.SReluLeftThreshold;
    private readonly float sReluLeftSlope = from.SReluLeftSlope;
    private readonly float sReluRightThreshold = from.SReluRightThreshold;
    private readonly float sReluRightSlope = from.SReluRightSlope;
}

/// <summary>Dropout.cl: <c>dropout</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct DeviceDropout(in Dropout from)
{
    private readonly ulong key = from.Key;
    private readonly uint threshold = from.Threshold;
    private readonly uint first = from.Halves(0).First;
    private readonly uint second = from.Halves(0).Second;
    private readonly float scale = from.Scale;
}

/// <summary>OptimizerStep.cl: <c>optimizer</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct DeviceOptimizer(in OptimizerStep from)
{
    private readonly int kind = from.Kind == OptimizerKind.Adam ? 2 : from.Nesterov ? 1 : 0;
    private readonly float rate = from.LearningRate;
    private readonly float momentum = from.Momentum;
    private readonly float decay = from.WeightDecay;
    private readonly float beta1 = from.Beta1;
    private readonly float beta2 = from.Beta2;
    private readonly float epsilon = from.Epsilon;

    // In double, as on a CPU: 1 − beta2ᵗ is near 10⁻³ at the first steps.
    private readonly float correction1 = (float)(1 / (1 - Math.Pow(from.Beta1, from.Step)));
    private readonly float correction2 = (float)(1 / (1 - Math.Pow(from.Beta2, from.Step)));
}
