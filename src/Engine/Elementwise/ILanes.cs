using System.Runtime.Intrinsics;

namespace SparseService.Engine.Elementwise;

/// <summary>
/// A register of float32 lanes. What happens to one number is written once against this interface and runs on every width, one
/// lane included;
/// the compiler makes a separate body for each width, in which every member is one instruction or a few.
/// </summary>
/// <remarks>
/// Members named ...Bits see the lanes as unsigned 32-bit integers. All arithmetic is lane by lane and the same on every width,
/// so a sample's result does not depend on where in the minibatch it stands.
/// </remarks>
internal unsafe interface ILanes<TSelf>
    where TSelf : unmanaged, ILanes<TSelf>
{
    static abstract int Count { get; }

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    static abstract TSelf operator &(TSelf a, TSelf b);

    static abstract TSelf operator |(TSelf a, TSelf b);

    static abstract TSelf operator ^(TSelf a, TSelf b);

    static abstract TSelf Load(float* source);

    /// <summary>As many bytes as there are lanes, as numbers.</summary>
    static abstract TSelf LoadBytes(byte* source);

    static abstract void Store(TSelf a, float* target);

    static abstract TSelf Broadcast(float value);

    static abstract TSelf BroadcastBits(uint value);

    /// <summary>Bits 0, 1, 2, … in lane order.</summary>
    static abstract TSelf RampBits { get; }

    /// <summary>a·b + c, rounded once where the processor can.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    static abstract TSelf Sqrt(TSelf a);

    /// <summary>Where a &lt; b (never with NaN) the lane of <paramref name="then"/>, elsewhere that of
    /// <paramref name="otherwise"/>.</summary>
    static abstract TSelf IfLess(TSelf a, TSelf b, TSelf then, TSelf otherwise);

    /// <summary><see cref="IfLess"/> on unsigned integers.</summary>
    static abstract TSelf IfLessBits(TSelf a, TSelf b, TSelf then, TSelf otherwise);

    static abstract TSelf AddBits(TSelf a, TSelf b);

    static abstract TSelf MultiplyBits(TSelf a, TSelf b);

    static abstract TSelf ShiftRightBits(TSelf a, int count);

    static abstract TSelf ShiftLeftBits(TSelf a, int count);

    /// <summary>Sum over the lanes, in a fixed order.</summary>
    static abstract float Sum(TSelf a);

    /// <summary>The sums over the lanes of four registers, in the lanes 0 to 3 of one.</summary>
    static abstract Vector128<float> SumFour(TSelf a, TSelf b, TSelf c, TSelf d);
}
