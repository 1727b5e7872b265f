using System.Text.Json;
using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel;
using SparseService.Engine.Parallel.Partitioned;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Parallel.Partitioned;

/// <summary>A partitioned training on ranks of either transport. What goes in and what comes out are files of one folder, as ranks may be processes.</summary>
internal static class PartitionedRun
{
    private const string OptionsFile = "options.json";
    private const string CheckpointIn = "in.checkpoint";
    private const string CheckpointOut = "out.checkpoint";
    private const string ModelOut = "out.model";
    private const string StopFile = "stop";

    /// <summary>Trains to the end, or until step <paramref name="stopAt"/>.</summary>
    /// <param name="from">Checkpoint to go on from.</param>
    public static PartitionedOutcome Train(
        StoreFiles files, TrainingOptions options, string transport, int ranks, byte[]? from = null, long stopAt = long.MaxValue)
    {
        foreach (var file in Directory.GetFiles(files.Folder).Where(file => file != files.Store))
        {
            File.Delete(file);
        }

        File.WriteAllBytes(At(OptionsFile), JsonSerializer.SerializeToUtf8Bytes(options, RunSpecJson.Options));
        File.WriteAllText(At(StopFile), $"{stopAt}");
        if (from is not null)
        {
            File.WriteAllBytes(At(CheckpointIn), from);
        }

        RankGroup.Run(transport, ranks, OnRank, files.Folder);
        return new PartitionedOutcome(
            JsonSerializer.Deserialize<List<EpochResult>>(File.ReadAllBytes(At("results.json")), RunSpecJson.Options)!,
            File.ReadAllBytes(At(CheckpointOut)),
            File.ReadAllBytes(At(ModelOut)),
            JsonSerializer.Deserialize<List<EpochTraffic>>(File.ReadAllBytes(At("traffic.json")), RunSpecJson.Options)!);

        string At(string name) => Path.Combine(files.Folder, name);
    }

    /// <summary>All tensors of a file by name, as bytes.</summary>
    public static Dictionary<string, byte[]> Tensors(byte[] file)
    {
        using var read = Safetensors.Read(new MemoryStream(file));
        return read.Tensors.ToDictionary(tensor => tensor.Key, tensor => tensor.Value.Window(0, (int)tensor.Value.Bytes).ToArray());
    }

    private static void OnRank(ICommunicator ranks, string folder)
    {
        using var data = SampleStore.Open(Path.Combine(folder, "data.store"));
        using var backend = Backend.Create("simd", 1);
        var options = RunSpecJson.Read<TrainingOptions>(File.ReadAllBytes(Path.Combine(folder, OptionsFile)));
        var stopAt = long.Parse(File.ReadAllText(Path.Combine(folder, StopFile)), System.Globalization.CultureInfo.InvariantCulture);
        using var training = Open(ranks, options, data, backend, Path.Combine(folder, CheckpointIn));
        using var stop = new CancellationTokenSource();
        var results = new List<EpochResult>();
        var traffic = new List<EpochTraffic>();
        try
        {
            while (!training.IsFinished)
            {
                var before = Traffic(training);
                using var checkpoint = new MemoryStream();
                training.WriteCheckpoint(ranks.Rank == 0 ? checkpoint : null);
                var result = training.TrainEpoch(
                    step =>
                    {
                        Assert.Equal(0, ranks.Rank);
                        if (step.Step == stopAt)
                        {
                            stop.Cancel();
                        }
                    },
                    stop.Token);
                Assert.Equal(ranks.Rank == 0, result is not null);
                if (result is not null)
                {
                    results.Add(result);
                }

                var sent = Traffic(training).Zip(before, (now, then) => now - then).ToArray();
                ranks.AllReduce(sent);
                traffic.Add(new EpochTraffic(checkpoint.ToArray(), sent[..(sent.Length / 2)], sent[(sent.Length / 2)..]));
            }
        }
        catch (OperationCanceledException) when (stopAt < long.MaxValue)
        {
            // All ranks stand at the same step.
            long[] steps = [training.Step, -training.Step];
            ranks.AllReduce(steps, Reduction.Maximum);
            Assert.Equal(-steps[1], steps[0]);
        }

        WriteFile(CheckpointOut, training.WriteCheckpoint);
        WriteFile(ModelOut, training.WriteModel);
        if (ranks.Rank == 0)
        {
            File.WriteAllBytes(Path.Combine(folder, "results.json"), JsonSerializer.SerializeToUtf8Bytes(results, RunSpecJson.Options));
            File.WriteAllBytes(Path.Combine(folder, "traffic.json"), JsonSerializer.SerializeToUtf8Bytes(traffic, RunSpecJson.Options));
        }

        void WriteFile(string name, Action<Stream?> write)
        {
            using var file = ranks.Rank == 0 ? File.Create(Path.Combine(folder, name)) : null;
            write(file);
        }
    }

    private static PartitionedTraining Open(ICommunicator ranks, TrainingOptions options, SampleStore data, Backend backend, string checkpoint)
    {
        if (!File.Exists(checkpoint))
        {
            return PartitionedTraining.Create(ranks, options, data, backend);
        }

        using var stream = File.OpenRead(checkpoint);
        return PartitionedTraining.Resume(ranks, stream, data, backend, options);
    }

    private static long[] Traffic(PartitionedTraining training) => [.. training.Exchange.Words, .. training.Exchange.Messages];
}

/// <param name="Checkpoint">At the end.</param>
/// <param name="Traffic">One per whole epoch.</param>
internal sealed record PartitionedOutcome(IReadOnlyList<EpochResult> Results, byte[] Checkpoint, byte[] Model, IReadOnlyList<EpochTraffic> Traffic);

/// <param name="Checkpoint">At the epoch's start.</param>
/// <param name="Words">By layer, of all ranks: values sent for a sample in every pass of the epoch, added up.</param>
/// <param name="Messages">By layer, of all ranks.</param>
internal sealed record EpochTraffic(byte[] Checkpoint, long[] Words, long[] Messages);
