using SparseService.Engine.Data;
using SparseService.Engine.Data.Readers;
using SparseService.Engine.Formats;
using SparseService.Engine.Inference;
using SparseService.Engine.Inference.Challenge;

namespace SparseService.Cli.Challenge;

/// <summary>Networks and inputs of the challenge: made, or read from and written to files in its own format.</summary>
internal sealed class ChallengeFiles(ChallengeRequest request)
{
    private const ulong InputSeed = 1;

    private ChallengeNetwork Network => request.Network;

    /// <summary>The layers, each when it is asked for.</summary>
    public IEnumerable<CompactLayer> Layers()
    {
        var layers = request.ReadFolder is { } folder
            ? Enumerable.Range(1, Network.Layers).Select(layer => ReadFile(
                Path.Combine(folder, ChallengeTsv.LayerPath(Network.Neurons, layer)),
                stream => ChallengeTsv.ReadLayer(stream, Network.Neurons, Network.Bias, ChallengeNetwork.Cap)))
            : Network.Make();
        return request.UsesStructure ? EqualNeurons.Merge(layers) : layers;
    }

    /// <summary>The inputs, and where they come from.</summary>
    public (BitRows Inputs, string Origin) Inputs()
    {
        var neurons = Network.Neurons;
        if (request.ReadFolder is { } folder)
        {
            var path = Path.Combine(folder, ChallengeTsv.InputsPath(neurons));
            var read = ReadFile(path, stream => ChallengeTsv.ReadInputs(stream, GeneratedInputs.ChallengeCount, neurons));
            return (First(read), "read");
        }

        if (request.Data is not { } data)
        {
            return (GeneratedInputs.Of(request.Inputs ?? GeneratedInputs.ChallengeCount, neurons, InputSeed), "generated");
        }

        var (pixels, height, width) = Read(() => IdxImages.ReadTraining(data), data);
        if ((height, width) != (OfficialInputs.SourceSide, OfficialInputs.SourceSide))
        {
            throw new CliFault($"--data {data} has images of {height}×{width}; allowed: MNIST's 28×28", ExitCode.BadInput);
        }

        var count = pixels.Length / (OfficialInputs.SourceSide * OfficialInputs.SourceSide);
        if (count > GeneratedInputs.ChallengeCount || !OfficialInputs.Takes(count))
        {
            throw new CliFault(
                $"--data {data} has {count} images; allowed: 1 to {GeneratedInputs.ChallengeCount}, a product of 2, 3, 5 and 7"
                + " such as MNIST's 60000",
                ExitCode.BadInput);
        }

        // All of them, also when few are asked for: each leaks into its neighbours, and the threshold is that of the brightest.
        return (First(OfficialInputs.Of(pixels, (int)Math.Sqrt(neurons), request.Threads)), "official");
    }

    /// <summary>The categories that lie beside what was read, if they do.</summary>
    public int[]? Categories()
    {
        var path = request.ReadFolder is { } folder
            ? Path.Combine(folder, ChallengeTsv.CategoriesPath(Network.Neurons, Network.Layers))
            : null;
        return File.Exists(path) ? ReadFile(path, stream => ChallengeTsv.ReadCategories(stream, GeneratedInputs.ChallengeCount)) : null;
    }

    /// <summary>Makes the folder that <see cref="Write"/> fills: a run takes long, and who cannot write hears of it before.</summary>
    public void Prepare(string folder) =>
        Directory.CreateDirectory(Path.Combine(folder, Path.GetDirectoryName(ChallengeTsv.LayerPath(Network.Neurons, 1))!));

    public void Write(string folder, BitRows inputs, IReadOnlyList<int> survivors)
    {
        foreach (var (index, layer) in Layers().Index())
        {
            WriteFile(
                Path.Combine(folder, ChallengeTsv.LayerPath(Network.Neurons, index + 1)),
                stream => ChallengeTsv.WriteLayer(stream, layer));
            layer.Dispose();
        }

        WriteFile(Path.Combine(folder, ChallengeTsv.InputsPath(Network.Neurons)), stream => ChallengeTsv.WriteInputs(stream, inputs));
        WriteFile(
            Path.Combine(folder, ChallengeTsv.CategoriesPath(Network.Neurons, Network.Layers)),
            stream => ChallengeTsv.WriteCategories(stream, survivors));
    }

    private BitRows First(BitRows inputs) => request.Inputs is { } count && count < inputs.Rows ? inputs.Take(count) : inputs;

    private static T ReadFile<T>(string path, Func<Stream, T> read) => Read(
        () =>
        {
            using var stream = File.OpenRead(path);
            return read(stream);
        },
        path);

    private static T Read<T>(Func<T> read, string path)
    {
        try
        {
            return read();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CliFault($"{path} cannot be read: {fault.Message}", ExitCode.BadInput);
        }
        catch (Exception fault) when (fault is DatasetFormatException or ArgumentException)
        {
            throw new CliFault($"{path}: {fault.Message}", ExitCode.BadInput);
        }
    }

    private static void WriteFile(string path, Action<Stream> write)
    {
        using var stream = File.Create(path);
        write(stream);
    }
}
