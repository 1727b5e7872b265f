using SparseService.Engine.Training;

namespace SparseService.Cli.Files;

/// <summary>A spec read here, not by the service.</summary>
internal static class SpecFromFile
{
    /// <param name="epochs">In place of the spec's.</param>
    /// <param name="seed">In place of the spec's.</param>
    /// <exception cref="CliFault">It cannot be read.</exception>
    /// <exception cref="InvalidSpecException">It cannot work.</exception>
    public static RunSpec Read(string path, int? epochs = null, int? seed = null)
    {
        if (Directory.Exists(path))
        {
            throw new CliFault($"SPEC is {path}, a folder; allowed: a JSON file. Data is named by --data.", ExitCode.BadInput);
        }

        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CliFault($"SPEC is {path}, which cannot be read: {fault.Message}", ExitCode.BadInput);
        }

        var read = RunSpecJson.Parse(bytes);
        var training = read.Training with { Epochs = epochs ?? read.Training.Epochs, Seed = (ulong?)seed ?? read.Training.Seed };
        var changed = read with { Training = training };
        return TrainingOptionsValidator.Validate(changed) is { Count: > 0 } faults ? throw new InvalidSpecException(faults) : changed;
    }
}
