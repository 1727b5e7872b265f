using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace SparseService.Shared;

/// <summary>Finds the rank processes that a process has started through mpirun, as Linux shows them.</summary>
public static class RankProcesses
{
    private const string NumberVariable = "OMPI_COMM_WORLD_RANK=";

    /// <summary>Process ids by rank; empty while there are none, and when all are gone.</summary>
    /// <param name="ancestor">Process id of whoever started mpirun.</param>
    public static IReadOnlyDictionary<int, int> Of(int ancestor)
    {
        var found = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && NumberOf(folder) is { } rank && DescendsFrom(id, ancestor))
            {
                found[rank] = id;
            }
        }

        return found;
    }

    /// <summary>Which of these processes still run.</summary>
    public static IEnumerable<int> Alive(IEnumerable<int> ids) => ids.Where(id => StateOf(id) is { } state && state != 'Z').ToArray();

    public static void Kill(int id)
    {
        using var process = Process.GetProcessById(id);
        process.Kill();
    }

    private static int? NumberOf(string folder)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(folder, "environ"))).Split('\0')
                .Where(variable => variable.StartsWith(NumberVariable, StringComparison.Ordinal))
                .Select(variable => (int?)int.Parse(variable[NumberVariable.Length..], CultureInfo.InvariantCulture)).FirstOrDefault();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null; // Gone meanwhile, or somebody else's.
        }
    }

    private static bool DescendsFrom(int id, int ancestor)
    {
        for (var at = id; at > 1;)
        {
            if (at == ancestor)
            {
                return true;
            }

            if (Status(at) is not { } fields)
            {
                return false;
            }

            at = int.Parse(fields[1], CultureInfo.InvariantCulture);
        }

        return false;
    }

    private static char? StateOf(int id) => Status(id) is { } fields ? fields[0][0] : null;

    // Behind the name, which may hold anything: state, parent, …
    private static string[]? Status(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
