using ILGPU.Util;
using System.Runtime.Intrinsics;

namespace SparseService.Engine.Ilgpu.Kernels;

/// <summary>One lane as a device's compiler takes it: with it everything in Elementwise that is written against lanes runs there.</summary>
/// <remarks>ILGPU turns a comparison with a constant on the left into one that holds for NaN: IfLess has 0 on the right.</remarks>
internal readonly unsafe struct Lane(float value) : ILanes<Lane>
{
    public static int Count => 1;

    public static Lane RampBits => From(0);

    public float Value { get; } = value;

    private uint Bits => Interop.FloatAsInt(Value);

    public static Lane operator +(Lane a, Lane b) => new(a.Value + b.Value);
    public static Lane operator -(Lane a, Lane b) => new(a.Value - b.Value);
    public static Lane operator *(Lane a, Lane b) => new(a.Value * b.Value);
    public static Lane operator /(Lane a, Lane b) => new(a.Value / b.Value);
    public static Lane operator &(Lane a, Lane b) => From(a.Bits & b.Bits);
    public static Lane operator |(Lane a, Lane b) => From(a.Bits | b.Bits);
    public static Lane operator ^(Lane a, Lane b) => From(a.Bits ^ b.Bits);

    public static Lane Load(float* source) => new(*source);

    public static Lane LoadBytes(byte* source) => new(*source);
    public static void Store(Lane a, float* target) => *target = a.Value;
    public static Lane Broadcast(float value) => new(value);
    public static Lane BroadcastBits(uint value) => From(value);

    public static Lane MultiplyAdd(Lane a, Lane b, Lane c) => new(Fused.MultiplyAdd(a.Value, b.Value, c.Value));
    public static Lane Sqrt(Lane a) => new(MathF.Sqrt(a.Value));
    public static Lane IfLess(Lane a, Lane b, Lane then, Lane otherwise) =>
        new(Utilities.Select(a.Value - b.Value < 0, then.Value, otherwise.Value));
    public static Lane IfLessBits(Lane a, Lane b, Lane then, Lane otherwise) =>
        new(Utilities.Select(a.Bits < b.Bits, then.Value, otherwise.Value));

    public static Lane AddBits(Lane a, Lane b) => From(a.Bits + b.Bits);
    public static Lane MultiplyBits(Lane a, Lane b) => From(a.Bits * b.Bits);
    public static Lane ShiftRightBits(Lane a, int count) => From(a.Bits >> count);
    public static Lane ShiftLeftBits(Lane a, int count) => From(a.Bits << count);

    public static float Sum(Lane a) => a.Value;
    public static Vector128<float> SumFour(Lane a, Lane b, Lane c, Lane d) => Vector128.Create(a.Value, b.Value, c.Value, d.Value);

    private static Lane From(uint bits) => new(Interop.IntAsFloat(bits));
}
