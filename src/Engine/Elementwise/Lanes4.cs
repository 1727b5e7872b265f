using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector128;

namespace SparseService.Engine.Elementwise;

/// <summary>4 lanes: a 128-bit register.</summary>
internal readonly unsafe struct Lanes4(Vector128<float> register) : ILanes<Lanes4>
{
    public static int Count => 4;

    public static Lanes4 RampBits => From(Vector128<uint>.Indices);

    public Vector128<float> Register { get; } = register;

    private Vector128<uint> Bits => Register.AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator +(Lanes4 a, Lanes4 b) => new(a.Register + b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator -(Lanes4 a, Lanes4 b) => new(a.Register - b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator *(Lanes4 a, Lanes4 b) => new(a.Register * b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator /(Lanes4 a, Lanes4 b) => new(a.Register / b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator &(Lanes4 a, Lanes4 b) => new(a.Register & b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator |(Lanes4 a, Lanes4 b) => new(a.Register | b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator ^(Lanes4 a, Lanes4 b) => new(a.Register ^ b.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Load(float* source) => new(Vec.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 LoadBytes(byte* source) => new(Vec.ConvertToSingle(
        Vec.WidenLower(Vec.WidenLower(Vec.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(source)).AsByte())).AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Lanes4 a, float* target) => a.Register.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Broadcast(float value) => new(Vec.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 BroadcastBits(uint value) => From(Vec.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 MultiplyAdd(Lanes4 a, Lanes4 b, Lanes4 c) => new(Vec.MultiplyAddEstimate(a.Register, b.Register, c.Register));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Sqrt(Lanes4 a) => new(Vec.Sqrt(a.Register));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 IfLess(Lanes4 a, Lanes4 b, Lanes4 then, Lanes4 otherwise) =>
        new(Vec.ConditionalSelect(Vec.LessThan(a.Register, b.Register), then.Register, otherwise.Register));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 IfLessBits(Lanes4 a, Lanes4 b, Lanes4 then, Lanes4 otherwise) =>
        From(Vec.ConditionalSelect(Vec.LessThan(a.Bits, b.Bits), then.Bits, otherwise.Bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 AddBits(Lanes4 a, Lanes4 b) => From(a.Bits + b.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 MultiplyBits(Lanes4 a, Lanes4 b) => From(a.Bits * b.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 ShiftRightBits(Lanes4 a, int count) => From(a.Bits >>> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 ShiftLeftBits(Lanes4 a, int count) => From(a.Bits << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes4 a) => Vec.Sum(a.Register);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SumFour(Lanes4 a, Lanes4 b, Lanes4 c, Lanes4 d)
    {
        var (ab, cd) = (AddPairs(a.Register, b.Register), AddPairs(c.Register, d.Register));
        return AddPairs(ab, cd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Lanes4 From(Vector128<uint> bits) => new(bits.AsSingle());

    // (a0 + a1, a2 + a3, b0 + b1, b2 + b3)
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> AddPairs(Vector128<float> a, Vector128<float> b) =>
        Sse3.IsSupported
            ? Sse3.HorizontalAdd(a, b)
            : Vec.Create(a[0] + a[1], a[2] + a[3], b[0] + b[1], b[2] + b[3]);
}
