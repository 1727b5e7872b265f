using SparseService.Engine.Elementwise;
using SparseService.Engine.Tests.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Elementwise;

public class ActivationTests
{
    public static TheoryData<ActivationKind> Kinds => new(Enum.GetValues<ActivationKind>());

    [Fact]
    public void ForHiddenLayer_AllRelu_AlternatesFromMinusAlpha()
    {
        var options = new ActivationOptions { Kind = ActivationKind.AllRelu, Slope = 0.6 };

        Assert.Equal([-0.6f, 0.6f, -0.6f], new[] { 1, 2, 3 }.Select(layer => Activation.ForHiddenLayer(options, layer).LeftSlope));
        Assert.Equal(1.2f, Activation.ForHiddenLayer(options, 1).Value(-2), 1e-6f);
        Assert.Equal(-1.2f, Activation.ForHiddenLayer(options, 2).Value(-2), 1e-6f);
        Assert.Equal(2, Activation.ForHiddenLayer(options, 1).Value(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Activation.ForHiddenLayer(options, 0));
    }

    [Theory]
    [InlineData(ActivationKind.Relu)]
    [InlineData(ActivationKind.LeakyRelu)]
    [InlineData(ActivationKind.AllRelu)]
    public void Derivative_AtZero_IsOne(ActivationKind kind)
    {
        var activation = DoubleActivation.Sample(kind);

        Assert.Equal(1, activation.Derivative(0));
        Assert.Equal(1, activation.Derivative(-0f));
        Assert.NotEqual(1, activation.Derivative(-float.Epsilon));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void ValueAndDerivative_AnyArgument_MatchDouble(ActivationKind kind)
    {
        var activation = DoubleActivation.Sample(kind);
        for (var z = -100f; z < 100; z += 0.0137f)
        {
            Assert.Equal(DoubleActivation.Value(activation, z), activation.Value(z), 2e-6 * (1 + Math.Abs(z)));
            Assert.Equal(DoubleActivation.Slope(activation, z), activation.Derivative(z), 2e-6);
        }

        Assert.True(float.IsNaN(activation.Value(float.NaN)));
        Assert.Equal(DoubleActivation.Value(activation, 1e30), activation.Value(1e30f), 1e25);
    }

    [Fact]
    public void Tanh_Small_KeepsRelativePrecision()
    {
        var tanh = DoubleActivation.Sample(ActivationKind.Tanh);
        for (var z = 1e-20f; z < 20; z *= 1.17f)
        {
            Assert.Equal(1, tanh.Value(z) / Math.Tanh(z), 1e-6);
            Assert.Equal(-tanh.Value(z), tanh.Value(-z));
        }
    }
}
