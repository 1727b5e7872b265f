using SparseService.Engine.Kernels;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>Which output neurons of one weight layer this rank owns, and who owns the others.</summary>
internal sealed class Ownership : IDisposable
{
    private readonly int[] owners;
    private int[]? byOwner;

    /// <param name="owners">The rank of each neuron.</param>
    public Ownership(int[] owners, int rank, int ranks)
    {
        this.owners = owners;
        Counts = new int[ranks];
        foreach (var owner in owners)
        {
            Counts[owner]++;
        }

        Own = new int[Counts[rank]];
        for (int neuron = 0, place = 0; neuron < owners.Length; neuron++)
        {
            if (owners[neuron] == rank)
            {
                Own[place++] = neuron;
            }
        }

        Numbers = new DeviceBuffer<int>(Own);
    }

    /// <summary>Neurons of the layer.</summary>
    public int Width => owners.Length;

    /// <summary>Neurons of each rank.</summary>
    public int[] Counts { get; }

    /// <summary>This rank's neurons by their index in the layer, ascending: a neuron's place in this list is its row here.</summary>
    public int[] Own { get; }

    /// <summary><see cref="Own"/> for the kernels.</summary>
    public DeviceBuffer<int> Numbers { get; }

    public bool OwnsAll => Own.Length == Width;

    public int OwnerOf(int neuron) => owners[neuron];

    /// <summary>A rank's neurons, ascending.</summary>
    public ReadOnlySpan<int> Of(int rank)
    {
        byOwner ??= SortedByOwner();
        return byOwner.AsSpan(Counts.Take(rank).Sum(), Counts[rank]);
    }

    public void Dispose() => Numbers.Dispose();

    private int[] SortedByOwner()
    {
        var next = new int[Counts.Length];
        for (var rank = 1; rank < next.Length; rank++)
        {
            next[rank] = next[rank - 1] + Counts[rank - 1];
        }

        var sorted = new int[owners.Length];
        for (var neuron = 0; neuron < owners.Length; neuron++)
        {
            sorted[next[owners[neuron]]++] = neuron;
        }

        return sorted;
    }
}
