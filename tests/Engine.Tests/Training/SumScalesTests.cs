using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

public sealed class SumScalesTests
{
    private static readonly TrainingOptions Options = TrainingData.Options(2, 6, 2);

    // The room 2^(e − 1) is 8 to 16 times the largest signal.
    [Theory]
    [InlineData(1f, 5)]
    [InlineData(0.99f, 4)]
    [InlineData(32f, 10)]
    [InlineData(1e-6f, -15)]
    [InlineData(1e-38f, -90)]
    [InlineData(1e38f, 120)]
    public void Fit_FirstSteps_GiveTheLargestSignalEightTimesItsRoom(float largest, int exponent)
    {
        var scales = SumScales.Of(Options);

        scales.SeeOutputs(1, largest);
        scales.SeeOutputs(1, largest / 2);
        scales.Fit(step: 0);

        Assert.Equal([9, exponent, 4, 4], scales.Exponents);
        Assert.Equal(SumGrid.Of(exponent, 4), scales.Grid(1));
        Assert.Equal(SumGrid.Of(9, 4), scales.Grid(0));
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Fit_NoSignal_StaysAsItWas(float largest)
    {
        var scales = SumScales.Of(Options);
        scales.SeeGradients(1, 0.25f);
        scales.Fit(step: 0);

        scales.SeeGradients(1, largest);
        scales.Fit(step: 1);

        Assert.Equal([9, 9, 4, 3], scales.Exponents);
    }

    [Fact]
    public void Fit_LaterSteps_AreCoarserAtOnceAndFinerByOne()
    {
        var scales = SumScales.Of(Options);
        foreach (var (largest, exponent) in new[] { (100f, 11), (0.01f, 10), (0.01f, 9), (0f, 9), (3000f, 16), (0.01f, 15) })
        {
            scales.SeeOutputs(0, largest);
            scales.Fit(step: 16);
            Assert.Equal(exponent, scales.Exponents[0]);
        }
    }

    [Fact]
    public void LooksAt_Steps_FirstSomeAndThenEachSixteenth() =>
        Assert.Equal([0, 1, 3, 7, 16, 32, 48, 64], Enumerable.Range(0, 70).Where(step => SumScales.Of(Options).LooksAt(step)));

    [Fact]
    public void Of_FloatSums_HasNoGridAndNeverLooks()
    {
        var scales = SumScales.Of(Options with { Summation = Summation.Float });
        scales.SeeOutputs(0, 1);
        scales.Fit(step: 0);

        Assert.Equal(default, scales.Grid(0));
        Assert.False(scales.LooksAt(0));
    }

    [Theory]
    [InlineData(ParallelMethod.Partitioned, true)]
    [InlineData(ParallelMethod.Wasap, false)]
    [InlineData(ParallelMethod.Wassp, false)]
    public void Of_SeveralWorkers_FixedPointWhereOneNetworkIsShared(ParallelMethod method, bool isFixedPoint) => Assert.Equal(
        isFixedPoint, SumScales.Of(Options with { Parallel = new ParallelTrainingOptions { Method = method, Workers = 2 } }).IsFixedPoint);

    [Fact]
    public void Of_ExponentThatNoFitGives_SaysWhatIsAllowed()
    {
        var fault = Assert.Throws<InvalidDataException>(() => SumScales.Of(Options, [9, 121, 4, 4]));
        Assert.Contains("121", fault.Message, StringComparison.Ordinal);
        Assert.Contains("-90 to 120", fault.Message, StringComparison.Ordinal);
    }

    // Outputs of the order of 10⁻⁴ are a few steps of the first grid of 6·10⁻⁵: on that one the error would stay above 10⁻¹⁰.
    [Fact]
    public void Train_SmallTargets_AreLearntAsWithFloatSums()
    {
        using var files = new StoreFiles();
        using var data = TrainingData.Plane(files, rows: 400, scale: 1e-4f);
        var options = TrainingData.Options(3, 1) with
        {
            Epochs = 20,
            Loss = LossKind.SquaredError,
            Dropout = 0,
            Evolution = null,
            Network = TrainingData.Options(3, 1).Network with { Topology = new TopologyOptions { Kind = TopologyKind.Uniform, Density = 1 } },
        };

        Assert.InRange(LastLoss(options with { Summation = Summation.Float }, data), 0, 1e-12);
        Assert.InRange(LastLoss(options, data), 0, 1e-12);
    }

    private static double LastLoss(TrainingOptions options, SampleStore data)
    {
        using var backend = Backend.Create("simd", 1);
        using var trainer = Trainer.Create(options, data, backend);
        return TrainingData.TrainToEnd(trainer)[^1].Loss;
    }
}
