using SparseService.Engine.Elementwise;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Kernels;

/// <summary>The activations once more, from their formulas, in double: the judge of the ones in the engine.</summary>
internal static class DoubleActivation
{
    public static Activation Sample(ActivationKind kind, int hiddenLayer = 1) => Activation.ForHiddenLayer(
        new ActivationOptions
        {
            Kind = kind,
            Slope = 0.6,
            SRelu = new SReluOptions { LeftThreshold = -0.4, LeftSlope = 0.2, RightThreshold = 0.5, RightSlope = 1.7 },
        },
        hiddenLayer);

    public static double Value(Activation activation, double z) => activation.Kind switch
    {
        ActivationKind.Linear => z,
        ActivationKind.Relu => Math.Max(z, 0),
        ActivationKind.LeakyRelu or ActivationKind.AllRelu => z < 0 ? activation.LeftSlope * z : z,
        ActivationKind.SRelu when z <= activation.SReluLeftThreshold =>
            activation.SReluLeftThreshold + (activation.SReluLeftSlope * (z - activation.SReluLeftThreshold)),
        ActivationKind.SRelu when z >= activation.SReluRightThreshold =>
            activation.SReluRightThreshold + (activation.SReluRightSlope * (z - activation.SReluRightThreshold)),
        ActivationKind.SRelu => z,
        ActivationKind.Tanh => Math.Tanh(z),
        ActivationKind.Sigmoid => 1 / (1 + Math.Exp(-z)),
        _ => throw new ArgumentOutOfRangeException(nameof(activation)),
    };

    public static double Slope(Activation activation, double z) => activation.Kind switch
    {
        ActivationKind.Linear => 1,
        ActivationKind.Relu => z < 0 ? 0 : 1,
        ActivationKind.LeakyRelu or ActivationKind.AllRelu => z < 0 ? activation.LeftSlope : 1,
        ActivationKind.SRelu when z < activation.SReluLeftThreshold => activation.SReluLeftSlope,
        ActivationKind.SRelu when z >= activation.SReluRightThreshold => activation.SReluRightSlope,
        ActivationKind.SRelu => 1,
        ActivationKind.Tanh => 1 - (Math.Tanh(z) * Math.Tanh(z)),
        ActivationKind.Sigmoid => 1 / (2 + Math.Exp(-z) + Math.Exp(z)),
        _ => throw new ArgumentOutOfRangeException(nameof(activation)),
    };

    /// <summary>Distance from z to the nearest point where the slope jumps.</summary>
    public static double DistanceToKink(Activation activation, double z) => activation.Kind switch
    {
        ActivationKind.Relu or ActivationKind.LeakyRelu or ActivationKind.AllRelu => Math.Abs(z),
        ActivationKind.SRelu => Math.Min(Math.Abs(z - activation.SReluLeftThreshold), Math.Abs(z - activation.SReluRightThreshold)),
        _ => double.PositiveInfinity,
    };
}
