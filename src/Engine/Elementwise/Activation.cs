using SparseService.Engine.Training;

namespace SparseService.Engine.Elementwise;

/// <summary>The activation of one layer, resolved from the options: what is left of them when the layer's place in the network
/// is known.</summary>
/// <param name="LeftSlope">Signed slope for z &lt; 0 of leaky ReLU and All-ReLU; elsewhere unused.</param>
public readonly record struct Activation(
    ActivationKind Kind,
    float LeftSlope = 0,
    float SReluLeftThreshold = 0,
    float SReluLeftSlope = 0,
    float SReluRightThreshold = 0,
    float SReluRightSlope = 0)
{
    /// <summary>f(z) = z, as in every output layer: the loss applies softmax or sigmoid itself.</summary>
    public static Activation Linear => default;

    /// <param name="hiddenLayer">Counted from 1. All-ReLU takes left slope −alpha in odd and +alpha in even hidden layers
    /// (arXiv 2102.01732, section on All-ReLU).</param>
    public static Activation ForHiddenLayer(ActivationOptions options, int hiddenLayer)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(hiddenLayer, 1);
        var slope = (float)options.Slope;
        return options.Kind switch
        {
            ActivationKind.LeakyRelu => new Activation(options.Kind, slope),
            ActivationKind.AllRelu => new Activation(options.Kind, hiddenLayer % 2 == 1 ? -slope : slope),
            ActivationKind.SRelu => new Activation(
                options.Kind,
                SReluLeftThreshold: (float)options.SRelu.LeftThreshold,
                SReluLeftSlope: (float)options.SRelu.LeftSlope,
                SReluRightThreshold: (float)options.SRelu.RightThreshold,
                SReluRightSlope: (float)options.SRelu.RightSlope),
            _ => new Activation(options.Kind),
        };
    }

    public float Value(float z)
    {
        var read = new ReadValue(z);
        Dispatch(ref read);
        return read.Result;
    }

    /// <summary>f'(z). At a kink the slope to its right: 1 at z = 0 for the ReLU family.</summary>
    public float Derivative(float z)
    {
        var read = new ReadSlope(z);
        Dispatch(ref read);
        return read.Result;
    }

    /// <summary>Hands the activation to <paramref name="user"/> as its own type, so that code inside is compiled for
    /// it.</summary>
    internal void Dispatch<TUser>(ref TUser user)
        where TUser : struct, IActivationUser, allows ref struct
    {
        switch (Kind)
        {
            case ActivationKind.Linear:
                user.Use(default(Linear));
                break;
            case ActivationKind.Relu:
                user.Use(default(Relu));
                break;
            case ActivationKind.LeakyRelu or ActivationKind.AllRelu:
                user.Use(new LeftSlopeRelu(LeftSlope));
                break;
            case ActivationKind.SRelu:
                user.Use(new SRelu(SReluLeftThreshold, SReluLeftSlope, SReluRightThreshold, SReluRightSlope));
                break;
            case ActivationKind.Tanh:
                user.Use(default(Tanh));
                break;
            case ActivationKind.Sigmoid:
                user.Use(default(Sigmoid));
                break;
            default:
                throw new InvalidOperationException(
                    $"Activation kind is {Kind}; allowed: {string.Join(", ", Enum.GetNames<ActivationKind>())}");
        }
    }

    private struct ReadValue(float z) : IActivationUser
    {
        public float Result { get; private set; }

        public void Use<TActivation>(TActivation activation)
            where TActivation : unmanaged, IActivation => Result = activation.Value(new Lanes1(z)).Value;
    }

    private struct ReadSlope(float z) : IActivationUser
    {
        public float Result { get; private set; }

        public void Use<TActivation>(TActivation activation)
            where TActivation : unmanaged, IActivation
        {
            var lane = new Lanes1(z);
            Result = activation.Slope(lane, activation.Value(lane)).Value;
        }
    }
}
