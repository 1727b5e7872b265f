using System.Text.Json;
using SparseService.Engine.Data;

namespace SparseService.Api.Datasets;

/// <summary>Which files make a dataset of which format.</summary>
internal static class DatasetFiles
{
    private static readonly DatasetFileRole[] Pairs =
        [DatasetFileRole.TrainSamples, DatasetFileRole.TrainLabels, DatasetFileRole.TestSamples, DatasetFileRole.TestLabels];

    public static IEnumerable<ApiFault> Faults(DatasetFormat format, IReadOnlyDictionary<string, Guid> files)
    {
        var possible = Possible(format);
        foreach (var (name, upload) in files)
        {
            if (!possible.Any(role => Name(role) == name))
            {
                yield return ApiFault.Of($"$.files.{name}", upload, $"for {Name(format)}: {string.Join(", ", possible.Select(Name))}");
            }
        }

        foreach (var role in possible.Take(format is DatasetFormat.Idx or DatasetFormat.Npy or DatasetFormat.Matrix ? 2 : 1))
        {
            if (!files.ContainsKey(Name(role)))
            {
                yield return ApiFault.Of($"$.files.{Name(role)}", null, "the id of a completed upload");
            }
        }

        if (files.ContainsKey(Name(DatasetFileRole.TestSamples)) != files.ContainsKey(Name(DatasetFileRole.TestLabels)))
        {
            yield return ApiFault.Of("$.files", string.Join(", ", files.Keys), "testSamples and testLabels together, or neither");
        }

        foreach (var twice in files.GroupBy(file => file.Value).Where(group => group.Count() > 1))
        {
            yield return ApiFault.Of($"$.files.{twice.Last().Key}", twice.Key, "another upload for each file");
        }
    }

    public static DatasetFileRole Role(string name) => Enum.GetValues<DatasetFileRole>().Single(role => Name(role) == name);

    private static DatasetFileRole[] Possible(DatasetFormat format) => format switch
    {
        DatasetFormat.Idx or DatasetFormat.Npy or DatasetFormat.Matrix => Pairs,
        DatasetFormat.Npz => [DatasetFileRole.Train],
        _ => [DatasetFileRole.Train, DatasetFileRole.Test],
    };

    private static string Name<TEnum>(TEnum value)
        where TEnum : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
