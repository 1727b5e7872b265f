using SparseService.Engine.Data;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>A worker on its part of the rows: worker w of K has rows [w·B·m, (w + 1)·B·m) of those to train on, m = ⌊⌊N/B⌋/K⌋ whole minibatches.</summary>
internal sealed class ShardWorker : IDisposable
{
    private readonly TrainerState state;
    private readonly Backend backend;
    private readonly Workspace workspace;
    private readonly Evaluator evaluator;
    private readonly int[] shard;
    private readonly int[] order;
    private MinibatchPass pass;
    private long shuffledEpoch;

    public ShardWorker(TrainerState state, SampleStore data, Backend backend, int[] trainRows, int[] testRows, int rank, int workers)
    {
        this.state = state;
        this.backend = backend;
        var batchSize = state.Options.BatchSize;
        Batches = BatchesOf(trainRows.Length, batchSize, workers);
        shard = trainRows.AsSpan(rank * Batches * batchSize, Batches * batchSize).ToArray();
        order = new int[shard.Length];
        Seed = SeedOf(state.Options.Seed, rank);
        workspace = new Workspace(state.Options.Network.Layers, batchSize);
        evaluator = new Evaluator(state, data, backend, workspace, testRows);
        pass = NewPass();
    }

    /// <summary>Minibatches of its part: m.</summary>
    public int Batches { get; }

    /// <summary>Root of its random draws: shuffles, dropout and local evolution. Worker 0's is the training's.</summary>
    public ulong Seed { get; }

    /// <summary>Minibatches begun since the start: its epoch and its place in it.</summary>
    public long Drawn { get; set; }

    /// <inheritdoc cref="Evaluator.EverActive"/>
    public bool[][] EverActive => evaluator.EverActive;

    public static int BatchesOf(int rows, int batchSize, int workers) => rows / batchSize / workers;

    public static ulong SeedOf(ulong seed, int rank) => rank == 0 ? seed : RandomStream.Key(seed, RandomPurpose.Worker, layer: rank);

    /// <summary>Takes the state's network, which was exchanged for another.</summary>
    public void NetworkChanged() => pass = NewPass();

    /// <summary>Computes the gradient of its next minibatch.</summary>
    /// <param name="between">Called between layers.</param>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    public void Differentiate(NetworkGradient gradient, int epoch, Action? between)
    {
        gradient.Sums.Clear();
        var loss = pass.Forward(Next(), Drawn, between);
        // The state's step stands still while workers train one model: the model's updates count.
        RequireFinite(loss, epoch, gradient.Stamp + 1);
        pass.Differentiate(gradient, between);
        gradient.Sums.Add(loss, state.Options.BatchSize);
        Drawn++;
        gradient.IsHeld = true;
    }

    /// <summary>Trains the state's network on its next minibatch.</summary>
    /// <returns>Mean loss of the minibatch.</returns>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    public double Train(int epoch, in OptimizerStep step)
    {
        var loss = pass.Forward(Next(), Drawn);
        RequireFinite(loss, epoch, step.Step);
        pass.Update(step, state.Sums);
        state.Sums.Add(loss, state.Options.BatchSize);
        Drawn++;
        return loss.LossSum / state.Options.BatchSize;
    }

    /// <inheritdoc cref="Evaluator.TestShare"/>
    public (double LossSum, double Correct) TestShare(int rank, int ranks) => evaluator.TestShare(rank, ranks);

    /// <inheritdoc cref="Evaluator.ResultOf"/>
    public TestResult ResultOf(double lossSum, double correct) => evaluator.ResultOf(lossSum, correct);

    public void Dispose()
    {
        evaluator.Dispose();
        workspace.Dispose();
    }

    private MinibatchPass NewPass() => new(state, backend, workspace, evaluator, Seed);

    private ReadOnlySpan<int> Next()
    {
        var (epoch, batch) = ((Drawn / Batches) + 1, (int)(Drawn % Batches));
        if (shuffledEpoch != epoch)
        {
            shard.CopyTo(order, 0);
            RandomStream.For(Seed, RandomPurpose.Shuffle, epoch).Shuffle(order.AsSpan());
            shuffledEpoch = epoch;
        }

        return order.AsSpan(batch * state.Options.BatchSize, state.Options.BatchSize);
    }

    private static void RequireFinite(LossResult loss, int epoch, long step)
    {
        if (!double.IsFinite(loss.LossSum))
        {
            throw new TrainingDivergedException(epoch, step, loss.LossSum);
        }
    }
}
