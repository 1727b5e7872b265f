using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Elementwise;

public class OptimizerStepTests
{
    [Fact]
    public void Sgd_TwoSteps_MatchHandWorkedValues()
    {
        var options = new OptimizerOptions { Momentum = 0.5, WeightDecay = 0.1 };
        var (w, velocity) = (new[] { 2f }, new[] { 0f });

        // V = -0.1·4 = -0.4; W = 2 - 0.4 - 0.1·2 = 1.4
        Update(options, w, velocity, null, 4, 1);
        Assert.Equal((1.4f, -0.4f), (w[0], velocity[0]), Near);

        // V = 0.5·-0.4 - 0.1·2 = -0.4; W = 1.4 - 0.4 - 0.14 = 0.86
        Update(options, w, velocity, null, 2, 2);
        Assert.Equal((0.86f, -0.4f), (w[0], velocity[0]), Near);
    }

    [Fact]
    public void Nesterov_OneStep_MatchesHandWorkedValues()
    {
        var (w, velocity) = (new[] { 2f }, new[] { 1f });

        // V = 0.5·1 - 0.1·4 = 0.1; W = 2 + 0.5·0.1 - 0.4 - 0.1·2 = 1.45
        Update(new OptimizerOptions { Momentum = 0.5, WeightDecay = 0.1, Nesterov = true }, w, velocity, null, 4, 1);
        Assert.Equal((1.45f, 0.1f), (w[0], velocity[0]), Near);
    }

    [Fact]
    public void Adam_FirstStep_MovesByTheRate()
    {
        var (w, first, second) = (new[] { 2f }, new float[1], new float[1]);

        Update(new OptimizerOptions { Kind = OptimizerKind.Adam, WeightDecay = 0.1 }, w, first, second, 4, 1);

        // Bias correction makes the first move rate·sign(g) whatever the size of g: 2 - 0.1 - 0.1·2 = 1.7
        Assert.Equal(1.7f, w[0], 1e-6f);
        Assert.Equal((0.4f, 0.016f), (first[0], second[0]), Near);
    }

    [Fact]
    public void StateSlots_PerKind()
    {
        Assert.Equal(1, OptimizerStep.From(new OptimizerOptions(), 0.1, 1).StateSlots);
        Assert.Equal(2, OptimizerStep.From(new OptimizerOptions { Kind = OptimizerKind.Adam }, 0.1, 1).StateSlots);
        Assert.Throws<ArgumentOutOfRangeException>(() => OptimizerStep.From(new OptimizerOptions(), 0.1, 0));
    }

    private static bool Near((float First, float Second) a, (float First, float Second) b) =>
        Math.Abs(a.First - b.First) < 1e-6f && Math.Abs(a.Second - b.Second) < 1e-6f;

    private static void Update(OptimizerOptions options, float[] w, float[] state0, float[]? state1, float gradient, long step)
    {
        using var backend = Backend.Create("reference");
        using var dY = new DeviceBuffer<float>(1);
        dY.Span[0] = gradient;
        backend.BiasUpdate(w, dY, state0, state1, 1, OptimizerStep.From(options, 0.1, step));
    }
}
