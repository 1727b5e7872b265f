using System.Runtime.InteropServices;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>
/// Which neurons' values travel between this rank and the others before a layer is computed. Forward each owner sends the values that a rank reads (expand);
/// backward the same neurons' partial gradients go the same ways in the other direction (fold).
/// </summary>
/// <remarks>Made once; a changed topology changes it, and only the changes are exchanged.</remarks>
internal sealed class ExchangePlan(Ownership inputs, int ranks)
{
    /// <summary>Neurons of others that this rank reads, by owner and then by index in the layer.</summary>
    public int[] Ghosts { get; private set; } = [];

    /// <summary>Where each owner's ghosts begin; length ranks + 1.</summary>
    public int[] GhostStarts { get; private set; } = new int[ranks + 1];

    /// <summary>Own neurons that others read, by reader and then by index: their places in <see cref="Ownership.Own"/>.</summary>
    public int[] Sends { get; private set; } = [];

    /// <summary>Where each reader's begin; length ranks + 1.</summary>
    public int[] SendStarts { get; private set; } = new int[ranks + 1];

    public int GhostCount(int owner) => GhostStarts[owner + 1] - GhostStarts[owner];

    public int SendCount(int reader) => SendStarts[reader + 1] - SendStarts[reader];

    /// <summary>Collective: makes the plan that of the inputs which are read now.</summary>
    /// <param name="read">Inputs that own connections start at, ascending; own ones may be among them.</param>
    public void Update(ICommunicator communicator, IReadOnlyList<int> read)
    {
        var wanted = ByOwner(read, communicator.Rank);
        var changes = new List<int>[ranks];
        for (var owner = 0; owner < ranks; owner++)
        {
            changes[owner] = Changes(Ghosts.AsSpan(GhostStarts[owner], GhostCount(owner)), CollectionsMarshal.AsSpan(wanted[owner]));
        }

        var told = Tell(communicator, changes);
        (Ghosts, GhostStarts) = Joined(wanted);
        (Sends, SendStarts) = Joined(Enumerable.Range(0, ranks).Select(reader => Applied(reader, told[reader])).ToArray());
    }

    private List<int>[] ByOwner(IReadOnlyList<int> read, int rank)
    {
        var wanted = Enumerable.Range(0, ranks).Select(_ => new List<int>()).ToArray();
        foreach (var neuron in read)
        {
            if (inputs.OwnerOf(neuron) != rank)
            {
                wanted[inputs.OwnerOf(neuron)].Add(neuron);
            }
        }

        return wanted;
    }

    // Neurons that come as they are, those that go with all bits turned; ascending either way.
    private static List<int> Changes(ReadOnlySpan<int> before, ReadOnlySpan<int> after)
    {
        var changes = new List<int>();
        for (int i = 0, j = 0; i < before.Length || j < after.Length;)
        {
            if (j == after.Length || (i < before.Length && before[i] < after[j]))
            {
                changes.Add(~before[i++]);
            }
            else if (i == before.Length || after[j] < before[i])
            {
                changes.Add(after[j++]);
            }
            else
            {
                (i, j) = (i + 1, j + 1);
            }
        }

        return changes;
    }

    private List<int> Applied(int reader, int[] changes)
    {
        var before = Sends.AsSpan(SendStarts[reader], SendCount(reader));
        var after = new List<int>(before.Length + changes.Length);
        var i = 0;
        foreach (var change in changes)
        {
            var place = Array.BinarySearch(inputs.Own, change >= 0 ? change : ~change);
            if (place < 0)
            {
                throw new InvalidDataException($"Rank {reader} asks for neuron {change}; allowed: own neurons");
            }

            for (; i < before.Length && before[i] < place; i++)
            {
                after.Add(before[i]);
            }

            if (change >= 0)
            {
                after.Add(place);
            }
            else
            {
                i++;
            }
        }

        after.AddRange(before[i..]);
        return after;
    }

    private static (int[] Items, int[] Starts) Joined(List<int>[] lists)
    {
        var starts = new int[lists.Length + 1];
        for (var i = 0; i < lists.Length; i++)
        {
            starts[i + 1] = starts[i] + lists[i].Count;
        }

        var items = new int[starts[^1]];
        for (var i = 0; i < lists.Length; i++)
        {
            lists[i].CopyTo(items, starts[i]);
        }

        return (items, starts);
    }

    private static int[][] Tell(ICommunicator communicator, List<int>[] lists)
    {
        var counts = Ragged.Exchange(communicator, lists.Select(list => new[] { list.Count }).ToArray(), _ => 1);
        return Ragged.Exchange(communicator, lists.Select(list => list.ToArray()).ToArray(), rank => counts[rank][0]);
    }
}
