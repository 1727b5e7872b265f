namespace SparseService.Engine.Parallel.Averaged;

/// <summary>Small arrays between ranks.</summary>
internal static unsafe class RankValues
{
    /// <summary>Collective: every rank gets rank 0's array, however long.</summary>
    /// <param name="values">On rank 0.</param>
    public static T[] Broadcast<T>(ICommunicator ranks, T[]? values)
        where T : unmanaged
    {
        var length = ranks.Rank == 0 ? values!.LongLength : 0;
        ranks.Broadcast(&length, sizeof(long), 0);
        values = ranks.Rank == 0 ? values! : new T[length];
        fixed (T* at = values)
        {
            if (length > 0)
            {
                ranks.Broadcast(at, length * sizeof(T), 0);
            }
        }

        return values;
    }

    /// <summary>Collective: rank 0 gets every rank's array, all of one length.</summary>
    /// <returns>By rank; null on the other ranks.</returns>
    public static T[][]? Gather<T>(ICommunicator ranks, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var bytes = (long)values.Length * sizeof(T);
        if (ranks.Rank > 0)
        {
            fixed (T* at = values)
            {
                var send = ranks.BeginSend(at, bytes, 0, Tags.Values);
                ranks.Wait(ref send);
            }

            return null;
        }

        var all = new T[ranks.Size][];
        all[0] = values.ToArray();
        for (var rank = 1; rank < ranks.Size; rank++)
        {
            all[rank] = new T[values.Length];
            fixed (T* at = all[rank])
            {
                var receive = ranks.BeginReceive(at, bytes, rank, Tags.Values);
                ranks.Wait(ref receive);
            }
        }

        return all;
    }
}
