using System.Runtime.Intrinsics;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

/// <summary>Every operation on the widest registers that the processor has, with threads over blocks of rows.</summary>
public sealed partial class SimdBackend : Backend
{
    internal const string BackendName = "simd";

    private readonly ThreadTeam team;
    private readonly TilePlan plan;
    private readonly Scratch<float> scratch = new();
    private DeviceBuffer<float>? ones;

    internal SimdBackend(int threads)
        : this(threads, TilePlan.Default)
    {
    }

    internal SimdBackend(int threads, TilePlan plan)
    {
        team = new ThreadTeam(threads);
        this.plan = plan;
        Threads = threads;
    }

    public override string Name => BackendName;

    public override bool TakesSeveralCallers => true;

    // With 256-bit registers the second-level cache is not what holds the layer, and bytes are no faster (measured on Zen 3).
    internal override bool ReadsBytes(int features, int batchSize) => Vector512.IsHardwareAccelerated && plan.FavoursBytes(features, batchSize);

    internal override void RunBlocks<TWork>(ref TWork work, int count) => team.Run(ref work, count);

    public override void Dispose()
    {
        team.Dispose();
        scratch.Dispose();
        ones?.Dispose();
        base.Dispose();
    }

    /// <summary>Hands the widest registers that a minibatch fills to <paramref name="user"/> as a type, so that code inside is
    /// compiled for them.</summary>
    private static void Dispatch<TUser>(int batchSize, ref TUser user)
        where TUser : struct, ILanesUser
    {
        if (Vector512.IsHardwareAccelerated && batchSize >= Lanes16.Count)
        {
            user.Use<Lanes16>();
        }
        else if (Vector256.IsHardwareAccelerated && batchSize >= Lanes8.Count)
        {
            user.Use<Lanes8>();
        }
        else if (Vector128.IsHardwareAccelerated && batchSize >= Lanes4.Count)
        {
            user.Use<Lanes4>();
        }
        else
        {
            user.Use<Lanes1>();
        }
    }

    private interface ILanesUser
    {
        void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>;
    }
}
