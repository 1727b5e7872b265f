namespace SparseService.Engine.Data;

/// <summary>Which rows train and which ones judge.</summary>
public static class DataSplit
{
    /// <summary>
    /// The dataset's own parts where it has a test part; else a split that is a function of the seed: by class, so that each class keeps
    /// its share (regression: by row). Both lists ascend.
    /// </summary>
    /// <param name="store">The data.</param>
    /// <param name="testShare">Above 0, below 1; used only when the dataset brings no test part.</param>
    /// <param name="seed">Root of the draws, purpose <see cref="RandomPurpose.Split"/>.</param>
    /// <exception cref="DatasetFormatException">Too few rows: one on either side is the least.</exception>
    public static (int[] TrainRows, int[] TestRows) Of(SampleStore store, double testShare, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (store.TrainRows < store.Rows)
        {
            return (Range(0, store.TrainRows), Range(store.TrainRows, store.Rows));
        }

        if (!(testShare > 0 && testShare < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(testShare), testShare, "The test share must be above 0 and below 1.");
        }

        if (store.Rows < 2)
        {
            throw new DatasetFormatException(
                "rows", $"{store.Rows}", "at least 2, one to train and one to test, when there is no test file");
        }

        var test = new List<int>();
        var largest = Array.Empty<int>();
        foreach (var (layer, group) in Groups(store).Index())
        {
            RandomStream.For(seed, RandomPurpose.Split, layer: layer).Shuffle(group.AsSpan());
            test.AddRange(group.AsSpan(0, (int)Math.Round(group.Length * testShare)));
            largest = group.Length > largest.Length ? group : largest;
        }

        // Rounding by class can leave one side empty when there are few rows: the largest class then gives one up.
        if (test.Count == 0)
        {
            test.Add(largest[0]);
        }
        else if (test.Count == store.Rows)
        {
            test.Remove(largest[0]);
        }

        var testRows = test.ToArray();
        Array.Sort(testRows);
        return (Complement(testRows, store.Rows), testRows);
    }

    private static int[][] Groups(SampleStore store)
    {
        if (store.Classes == 0)
        {
            return [Range(0, store.Rows)];
        }

        var groups = Enumerable.Range(0, store.Classes).Select(_ => new List<int>()).ToArray();
        for (var row = 0; row < store.Rows; row++)
        {
            groups[store.ClassOf(row)].Add(row);
        }

        return Array.ConvertAll(groups, group => group.ToArray());
    }

    private static int[] Range(long start, long end)
    {
        var rows = new int[end - start];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = (int)start + i;
        }

        return rows;
    }

    private static int[] Complement(int[] ascending, long rows)
    {
        var others = new int[rows - ascending.Length];
        for (int row = 0, skipped = 0; row < rows; row++)
        {
            if (skipped < ascending.Length && ascending[skipped] == row)
            {
                skipped++;
            }
            else
            {
                others[row - skipped] = row;
            }
        }

        return others;
    }
}
