namespace SparseService.Engine.Ilgpu.Kernels;

/// <summary>What becomes of a gradient as soon as it is known.</summary>
internal interface IGradientUse
{
    void Take(long k, float gradient);
}

/// <summary>It is kept.</summary>
internal readonly struct KeepGradient(ArrayView<float> gradients) : IGradientUse
{
    public void Take(long k, float gradient) => gradients[k] = gradient;
}

/// <summary>(p, state) ← rule(p, gradient, state).</summary>
/// <param name="state1">Empty for rules without it.</param>
internal readonly struct Update<TOptimizer>(
    ArrayView<float> parameters, ArrayView<float> state0, ArrayView<float> state1, TOptimizer rule) : IGradientUse
    where TOptimizer : unmanaged, IOptimizer
{
    public void Take(long k, float gradient)
    {
        var first = new Lane(state0[k]);
        var second = new Lane(TOptimizer.HasSecondState ? state1[k] : 0);
        parameters[k] = rule.Apply(new Lane(parameters[k]), new Lane(gradient), ref first, ref second).Value;
        state0[k] = first.Value;
        if (TOptimizer.HasSecondState)
        {
            state1[k] = second.Value;
        }
    }
}
