using SparseService.Engine.Elementwise;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Inference;

/// <summary>One weight layer of a loaded model.</summary>
internal sealed record ModelLayer(CsrMatrix Weights, float[] Bias, Activation Activation);
