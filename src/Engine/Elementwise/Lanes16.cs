using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Vec = System.Runtime.Intrinsics.Vector512;

namespace SparseService.Engine.Elementwise;

/// <summary>16 lanes: a 512-bit register.</summary>
internal readonly unsafe struct Lanes16(Vector512<float> register) : ILanes<Lanes16>
{
    public static int Count => 16;

    public static Lanes16 RampBits => From(Vector512<uint>.Indices);

    public Vector512<float> Register { get; } = register;

    private Vector512<uint> Bits => Register.AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator +(Lanes16 a, Lanes16 b) => new(a.Register + b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator -(Lanes16 a, Lanes16 b) => new(a.Register - b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator *(Lanes16 a, Lanes16 b) => new(a.Register * b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator /(Lanes16 a, Lanes16 b) => new(a.Register / b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator &(Lanes16 a, Lanes16 b) => new(a.Register & b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator |(Lanes16 a, Lanes16 b) => new(a.Register | b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator ^(Lanes16 a, Lanes16 b) => new(a.Register ^ b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Load(float* source) => new(Vec.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Lanes16 a, float* target) => a.Register.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Broadcast(float value) => new(Vec.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 BroadcastBits(uint value) => From(Vec.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 MultiplyAdd(Lanes16 a, Lanes16 b, Lanes16 c) => new(Vec.MultiplyAddEstimate(a.Register, b.Register, c.Register));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Sqrt(Lanes16 a) => new(Vec.Sqrt(a.Register));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 IfLess(Lanes16 a, Lanes16 b, Lanes16 then, Lanes16 otherwise) =>
        new(Vec.ConditionalSelect(Vec.LessThan(a.Register, b.Register), then.Register, otherwise.Register));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 IfLessBits(Lanes16 a, Lanes16 b, Lanes16 then, Lanes16 otherwise) =>
        From(Vec.ConditionalSelect(Vec.LessThan(a.Bits, b.Bits), then.Bits, otherwise.Bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 AddBits(Lanes16 a, Lanes16 b) => From(a.Bits + b.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 MultiplyBits(Lanes16 a, Lanes16 b) => From(a.Bits * b.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 ShiftRightBits(Lanes16 a, int count) => From(a.Bits >>> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 ShiftLeftBits(Lanes16 a, int count) => From(a.Bits << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes16 a) => Vec.Sum(a.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SumFour(Lanes16 a, Lanes16 b, Lanes16 c, Lanes16 d) =>
        Lanes8.SumFour(Halved(a.Register), Halved(b.Register), Halved(c.Register), Halved(d.Register));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Lanes16 From(Vector512<uint> bits) => new(bits.AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Lanes8 Halved(Vector512<float> a) => new(a.GetLower() + a.GetUpper());
}
