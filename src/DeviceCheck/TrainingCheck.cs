using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.DeviceCheck;

/// <summary>Three epochs with evolution on the device, again on the device, and on the processor.</summary>
public static class TrainingCheck
{
    private const double Tolerance = 1e-3;

    /// <param name="folder">Files to train on; null draws pictures.</param>
    public static int Run(TextWriter output, string backend, string? folder)
    {
        var path = Path.Combine(Path.GetTempPath(), $"sparse-device-check-{Environment.ProcessId}.store");
        try
        {
            Write(folder, path);
            using var data = SampleStore.Open(path);
            var (device, model) = Train(backend, data);
            var (_, again) = Train(backend, data);
            var (processor, _) = Train("simd", data);
            var worst = 0.0;
            foreach (var (one, other) in processor.Zip(device))
            {
                worst = Math.Max(worst, Math.Max(Distance(one.Loss, other.Loss), Distance(one.TestLoss, other.TestLoss)));
                output.WriteLine(
                    $"epoch {one.Epoch}: loss {other.Loss:0.00000} (processor {one.Loss:0.00000}),"
                    + $" test accuracy {other.TestAccuracy:0.0000} ({one.TestAccuracy:0.0000}),"
                    + $" {other.TrainSeconds:0.000} s training ({one.TrainSeconds:0.000} s),"
                    + $" {other.EvolutionSeconds:0.000} s evolution ({one.EvolutionSeconds:0.000} s), {other.TestSeconds:0.000} s test");
            }

            var isStable = model.AsSpan().SequenceEqual(again);
            output.WriteLine(
                $"train: largest relative difference of a loss {worst:E1} (allowed {Tolerance:E0}),"
                + $" second run {(isStable ? "bit-equal" : "NOT bit-equal")}");
            return worst <= Tolerance && isStable ? 0 : 1;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Write(string? folder, string path)
    {
        if (folder is null)
        {
            var glyphs = new GeneratedDataset { Kind = GeneratedDatasetKind.Glyphs, TrainSamples = 4000, TestSamples = 1000 };
            GeneratedDatasets.ToStore(glyphs, path);
            return;
        }

        var (options, files) = DatasetImport.Detect(folder);
        DatasetImport.ToStore(
            options,
            files.ToDictionary(file => file.Key, file => (Func<Stream>)(() => File.OpenRead(file.Value))),
            path,
            new DatasetLimits());
    }

    private static (List<EpochResult> Results, byte[] Model) Train(string name, SampleStore data)
    {
        using var backend = Backend.Create(name);
        var options = new TrainingOptions
        {
            Epochs = 3,
            Network = new NetworkOptions
            {
                Layers = [data.Features, 1000, 1000, 1000, data.Classes],
                Activation = new ActivationOptions { Kind = ActivationKind.AllRelu, Slope = 0.6 },
            },
            Dropout = 0.3,
        };
        using var trainer = Trainer.Create(options, data, backend);
        var results = new List<EpochResult>();
        while (!trainer.IsFinished)
        {
            results.Add(trainer.TrainEpoch());
        }

        using var model = new MemoryStream();
        trainer.WriteModel(model);
        return (results, model.ToArray());
    }

    private static double Distance(double expected, double actual) => Math.Abs(expected - actual) / Math.Abs(expected);
}
