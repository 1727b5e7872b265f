using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector256;

namespace SparseService.Engine.Elementwise;

/// <summary>8 lanes: a 256-bit register.</summary>
internal readonly unsafe struct Lanes8(Vector256<float> register) : ILanes<Lanes8>
{
    public static int Count => 8;

    public static Lanes8 RampBits => From(Vector256<uint>.Indices);

    public Vector256<float> Register { get; } = register;

    private Vector256<uint> Bits => Register.AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator +(Lanes8 a, Lanes8 b) => new(a.Register + b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator -(Lanes8 a, Lanes8 b) => new(a.Register - b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator *(Lanes8 a, Lanes8 b) => new(a.Register * b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator /(Lanes8 a, Lanes8 b) => new(a.Register / b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator &(Lanes8 a, Lanes8 b) => new(a.Register & b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator |(Lanes8 a, Lanes8 b) => new(a.Register | b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator ^(Lanes8 a, Lanes8 b) => new(a.Register ^ b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Load(float* source) => new(Vec.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 LoadBytes(byte* source) => new(Vec.ConvertToSingle(Avx2.ConvertToVector256Int32(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Lanes8 a, float* target) => a.Register.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Broadcast(float value) => new(Vec.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 BroadcastBits(uint value) => From(Vec.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 MultiplyAdd(Lanes8 a, Lanes8 b, Lanes8 c) => new(Vec.MultiplyAddEstimate(a.Register, b.Register, c.Register));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Sqrt(Lanes8 a) => new(Vec.Sqrt(a.Register));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 IfLess(Lanes8 a, Lanes8 b, Lanes8 then, Lanes8 otherwise) =>
        new(Vec.ConditionalSelect(Vec.LessThan(a.Register, b.Register), then.Register, otherwise.Register));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 IfLessBits(Lanes8 a, Lanes8 b, Lanes8 then, Lanes8 otherwise) =>
        From(Vec.ConditionalSelect(Vec.LessThan(a.Bits, b.Bits), then.Bits, otherwise.Bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 AddBits(Lanes8 a, Lanes8 b) => From(a.Bits + b.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 MultiplyBits(Lanes8 a, Lanes8 b) => From(a.Bits * b.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 ShiftRightBits(Lanes8 a, int count) => From(a.Bits >>> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 ShiftLeftBits(Lanes8 a, int count) => From(a.Bits << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes8 a) => Vec.Sum(a.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SumFour(Lanes8 a, Lanes8 b, Lanes8 c, Lanes8 d) =>
        Lanes4.SumFour(Halved(a.Register), Halved(b.Register), Halved(c.Register), Halved(d.Register));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Lanes8 From(Vector256<uint> bits) => new(bits.AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Lanes4 Halved(Vector256<float> a) => new(a.GetLower() + a.GetUpper());
}
