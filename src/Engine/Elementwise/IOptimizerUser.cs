namespace SparseService.Engine.Elementwise;

/// <summary>Code that is compiled once for each update rule; see <see cref="OptimizerStep.Dispatch"/>.</summary>
internal interface IOptimizerUser
{
    void Use<TOptimizer>(TOptimizer optimizer)
        where TOptimizer : unmanaged, IOptimizer;
}
