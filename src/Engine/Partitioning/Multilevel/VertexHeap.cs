namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>Vertices by their keys, the largest on top; of equals the one with the smallest number, so that the order of insertion does not matter.</summary>
internal sealed class VertexHeap
{
    private readonly int[] heap;
    private readonly int[] places;
    private readonly int[] keys;
    private int count;

    public VertexHeap(int vertices)
    {
        (heap, places, keys) = (new int[vertices], new int[vertices], new int[vertices]);
        places.AsSpan().Fill(-1);
    }

    /// <summary>-1 when empty.</summary>
    public int Top => count > 0 ? heap[0] : -1;

    /// <summary>Of a heap that is not empty.</summary>
    public int TopKey => keys[heap[0]];

    /// <summary>Adds a vertex or changes its key.</summary>
    public void Set(int vertex, int key)
    {
        if (places[vertex] < 0)
        {
            places[vertex] = count;
            heap[count++] = vertex;
        }
        else if (keys[vertex] == key)
        {
            return;
        }

        keys[vertex] = key;
        Down(Up(places[vertex]));
    }

    public void Remove(int vertex)
    {
        var place = places[vertex];
        if (place < 0)
        {
            return;
        }

        places[vertex] = -1;
        var last = heap[--count];
        if (last != vertex)
        {
            Put(last, place);
            Down(Up(place));
        }
    }

    public void Clear()
    {
        for (var place = 0; place < count; place++)
        {
            places[heap[place]] = -1;
        }

        count = 0;
    }

    private bool IsBefore(int first, int second) => keys[first] > keys[second] || (keys[first] == keys[second] && first < second);

    private void Put(int vertex, int place) => (heap[place], places[vertex]) = (vertex, place);

    private int Up(int place)
    {
        var vertex = heap[place];
        for (var above = (place - 1) / 2; place > 0 && IsBefore(vertex, heap[above]); above = (place - 1) / 2)
        {
            Put(heap[above], place);
            place = above;
        }

        Put(vertex, place);
        return place;
    }

    private void Down(int place)
    {
        var vertex = heap[place];
        while ((2 * place) + 1 < count)
        {
            var below = (2 * place) + 1;
            below += below + 1 < count && IsBefore(heap[below + 1], heap[below]) ? 1 : 0;
            if (!IsBefore(heap[below], vertex))
            {
                break;
            }

            Put(heap[below], place);
            place = below;
        }

        Put(vertex, place);
    }
}
