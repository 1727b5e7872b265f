namespace SparseService.Cli.Machine;

/// <summary>The source tree that this program was built from; a published program has none.</summary>
internal static class Checkout
{
    public static string? Root { get; } = Find();

    /// <exception cref="CliFault">There is no source tree.</exception>
    public static string Require(string verb) =>
        Root ?? throw new CliFault($"`sparse {verb}` works in a source checkout only; this is a published program.", ExitCode.BadInput);

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SparseService.sln")))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}
