namespace SparseService.Tidy.Tests;

internal static class Rule
{
    /// <summary>Fails with every fault in full; xunit's own message would show the first ones, cut short.</summary>
    public static void HasNoFaults(IEnumerable<string> faults)
    {
        var list = faults.ToList();
        if (list.Count > 0)
        {
            Assert.Fail(string.Join('\n', list));
        }
    }
}
