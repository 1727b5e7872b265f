using System.Text.Json;
using SparseService.Engine.Data;

namespace SparseService.Client.Datasets;

/// <summary>What part of a dataset each given file is.</summary>
internal static class PushedFiles
{
    private static readonly string[] Roles = [.. Enum.GetNames<DatasetFileRole>().Select(JsonNamingPolicy.CamelCase.ConvertName)];

    /// <param name="paths">As given on the command line.</param>
    /// <param name="format">Null = by the names.</param>
    /// <returns>Format and roles as the API spells them.</returns>
    /// <exception cref="CliFault">They do not fit together.</exception>
    /// <exception cref="DatasetFormatException">Nothing known is there.</exception>
    public static (string Format, IReadOnlyDictionary<string, string> Files) Read(IReadOnlyList<string> paths, string? format)
    {
        var named = paths.Select(path => (Path: path, Split: path.IndexOf('=', StringComparison.Ordinal)))
            .Where(path => path.Split > 0 && Roles.Contains(path.Path[..path.Split]))
            .Select(path => (Role: path.Path[..path.Split], File: path.Path[(path.Split + 1)..])).ToList();
        if (named.Count > 0 && (named.Count < paths.Count || named.DistinctBy(file => file.Role).Count() < named.Count))
        {
            throw new CliFault(
                $"Each PATH must be ROLE=FILE once one is, each role once; roles: {string.Join(", ", Roles)}", ExitCode.BadInput);
        }

        if (named.Count == 0)
        {
            named = paths.Count switch
            {
                1 when format is null || Directory.Exists(paths[0]) => Detect(paths[0], ref format),
                1 or 2 => [.. paths.Zip(["train", "test"], (path, role) => (role, path))],
                _ => throw new CliFault($"{paths.Count} files need roles: ROLE=FILE …, with {string.Join(", ", Roles)}", ExitCode.BadInput),
            };
        }

        if (named.FirstOrDefault(file => !File.Exists(file.File)) is { File: { } missing })
        {
            throw new CliFault($"PATH is {missing}; allowed: a folder or file that exists", ExitCode.BadInput);
        }

        return (format ?? FormatOf(named[0].File), named.ToDictionary(file => file.Role, file => file.File));
    }

    /// <summary>A dataset's name made of a path: letters, digits, dashes.</summary>
    public static string NameOf(string path)
    {
        var full = Path.GetFullPath(path[(path.IndexOf('=', StringComparison.Ordinal) + 1)..]);
        var file = Path.GetFileName(Path.TrimEndingDirectorySeparator(full));
        var stem = file.Split('.')[0];
        return stem.Length > 0 ? stem : "data";
    }

    private static List<(string Role, string File)> Detect(string path, ref string? format)
    {
        var (options, files) = DatasetImport.Detect(path);
        format ??= JsonNamingPolicy.CamelCase.ConvertName(options.Format.ToString());
        return [.. files.Select(file => (JsonNamingPolicy.CamelCase.ConvertName(file.Key.ToString()), file.Value))];
    }

    private static string FormatOf(string file) =>
        JsonNamingPolicy.CamelCase.ConvertName(DatasetImport.Detect(file).Options.Format.ToString());
}
