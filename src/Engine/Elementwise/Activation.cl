// Activations.cs in OpenCL C. The kinds are those of ActivationKind.

typedef struct
{
    int kind;
    float left_slope;
    float srelu_left_threshold;
    float srelu_left_slope;
    float srelu_right_threshold;
    float srelu_right_slope;
} activation;

enum { LINEAR, RELU, LEAKY_RELU, ALL_RELU, SRELU, TANH, SIGMOID };

inline lanes value_of(const activation f, lanes z)
{
    const lanes zero = (lanes)(0.0f);
    switch (f.kind)
    {
        case RELU:
            return IF_LESS(z, zero, zero, z);
        case LEAKY_RELU:
        case ALL_RELU:
            return IF_LESS(z, zero, z * (lanes)(f.left_slope), z);
        case SRELU:
        {
            const lanes tl = (lanes)(f.srelu_left_threshold), tr = (lanes)(f.srelu_right_threshold);
            const lanes left = fma(z - tl, (lanes)(f.srelu_left_slope), tl);
            const lanes right = fma(z - tr, (lanes)(f.srelu_right_slope), tr);
            const lanes inner = IF_LESS(z, tr, z, right);
            return IF_LESS(z, tl, left, inner);
        }
        case TANH:
            return tanh_of(z);
        case SIGMOID:
            return sigmoid_of(z);
        default:
            return z;
    }
}

// value is value_of the same z.
inline lanes slope_of(const activation f, lanes z, lanes value)
{
    const lanes zero = (lanes)(0.0f), one = (lanes)(1.0f);
    switch (f.kind)
    {
        case RELU:
            return IF_LESS(z, zero, zero, one);
        case LEAKY_RELU:
        case ALL_RELU:
            return IF_LESS(z, zero, (lanes)(f.left_slope), one);
        case SRELU:
        {
            const lanes inner = IF_LESS(z, (lanes)(f.srelu_right_threshold), one, (lanes)(f.srelu_right_slope));
            return IF_LESS(z, (lanes)(f.srelu_left_threshold), (lanes)(f.srelu_left_slope), inner);
        }
        case TANH:
            return one - (value * value);
        case SIGMOID:
            return value * (one - value);
        default:
            return one;
    }
}
