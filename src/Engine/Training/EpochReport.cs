using SparseService.Engine.Topology;

namespace SparseService.Engine.Training;

/// <summary>An epoch's result from what was added up in it and the network that was tested.</summary>
internal static class EpochReport
{
    /// <param name="sums">Of the epoch, over all ranks.</param>
    /// <param name="everActive">[hidden layer][neuron], see <see cref="Evaluator.EverActive"/>.</param>
    /// <param name="work">Where the connections are; default: on the host.</param>
    /// <param name="gradients">How many gradients the squares in <paramref name="sums"/> are of.</param>
    public static EpochResult Of(
        TrainerState state, EpochSums sums, int epoch, double gradients, TestResult tested, bool[][] everActive, double learningRate, double trainSeconds,
        int threads, TopologyWork? work = null)
    {
        var where = work ?? TopologyWork.OnHost;
        var layers = state.Network.Layers;
        var statistics = new LayerStatistics[layers.Count];
        var squares = sums.WeightGradientSquares.ToArray();
        SparseNetwork.ForEach(layers.Count, where.TakesSeveralCallers ? threads : 1, l => statistics[l] = StatisticsOf.Layer(
            layers[l],
            l + 1 < layers.Count ? layers[l + 1] : null,
            l + 1 < layers.Count ? everActive[l] : null,
            Math.Sqrt(squares[l] / gradients),
            where));
        var of = new NetworkStatistics { Layers = statistics, InputImportance = where.OutgoingStrength(layers[0].Weights) };
        return Of(state, sums, epoch, gradients, tested, of, learningRate, trainSeconds);
    }

    /// <param name="statistics">Of the network that was tested.</param>
    /// <inheritdoc cref="Of(TrainerState, EpochSums, int, double, TestResult, bool[][], double, double, int, TopologyWork)"/>
    public static EpochResult Of(
        TrainerState state, EpochSums sums, int epoch, double gradients, TestResult tested, NetworkStatistics statistics, double learningRate,
        double trainSeconds)
    {
        var nnz = statistics.Layers.Sum(layer => layer.Nnz);
        return new EpochResult
        {
            Epoch = epoch,
            Step = state.Step,
            Loss = sums.Loss / sums.Samples,
            TrainAccuracy = state.Options.Loss == LossKind.SquaredError ? null : sums.Correct / sums.Samples,
            TestLoss = tested.Loss,
            TestAccuracy = tested.Accuracy,
            Nnz = nnz,
            Density = (double)nnz / statistics.Layers.Sum(layer => (long)layer.Inputs * layer.Outputs),
            LearningRate = learningRate,
            GradientNorm = Math.Sqrt(sums.GradientSquares / gradients),
            TrainSeconds = trainSeconds,
            EvolutionSeconds = 0,
            TestSeconds = 0,
            SamplesPerSecond = trainSeconds > 0 ? sums.Samples / trainSeconds : 0,
            Statistics = statistics,
        };
    }

    /// <summary>Adds what pruning and evolution did after the test.</summary>
    public static EpochResult With(EpochResult result, IReadOnlyList<LayerChanges> changes, double evolutionSeconds, double testSeconds) => result with
    {
        EvolutionSeconds = evolutionSeconds,
        TestSeconds = testSeconds,
        Statistics = result.Statistics with
        {
            Layers = result.Statistics.Layers.Zip(changes, (layer, of) => layer with
            {
                Births = of.Births, Deaths = of.Deaths, PrunedConnections = of.PrunedConnections,
            }).ToArray(),
        },
    };
}
