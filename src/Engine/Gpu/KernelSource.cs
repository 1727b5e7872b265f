using System.Collections.Concurrent;

namespace SparseService.Engine.Gpu;

/// <summary>Programs put together from the <c>.cl</c> files that stand beside the operations and are embedded in this assembly.</summary>
internal static class KernelSource
{
    private static readonly ConcurrentDictionary<string, string> Programs = new();

    // What each program stands on; the last file holds its kernels.
    private static readonly string[] Elementwise = ["Lanes", "LaneMath", "Activation", "Dropout", "OptimizerStep"];

    private static readonly Dictionary<string, string[]> Parts = new()
    {
        ["SparseForward"] = [.. Elementwise, "SparseForward"],
        ["SparseInputGradient"] = [.. Elementwise, "SparseInputGradient"],
        ["SparseWeightUpdate"] = [.. Elementwise, "LaneSets", "SparseWeightUpdate"],
        ["BiasUpdate"] = [.. Elementwise, "LaneSets", "BiasUpdate"],
        ["ParameterUpdate"] = [.. Elementwise, "ParameterUpdate"],
        ["SumInOrder"] = ["Lanes", "SumInOrder"],
        ["Probabilities"] = ["Lanes", "LaneMath", "Probabilities"],
        ["Loss"] = ["Lanes", "LaneMath", "Probabilities", "SumInOrder", "Loss"],
        ["DropoutRows"] = [.. Elementwise, "DropoutRows"],
        ["FoldRows"] = ["FoldRows"],
        ["TieFreeWeights"] = ["TieFreeWeights"],
        ["ActiveNeurons"] = ["ActiveNeurons"],
        ["Largest"] = ["Largest"],
        ["Scan"] = ["Scan"],
        ["MagnitudeCut"] = ["MagnitudeCut"],
        ["Regrowth"] = ["Regrowth"],
        ["TransposeIndex"] = ["TransposeIndex"],
        ["NeuronStrength"] = ["NeuronStrength"],
        ["FusedLayer"] = ["Lanes", "FusedLayer"],
        ["MinibatchGather"] = ["Lanes", "MinibatchGather"],
    };

    /// <summary>Names of all programs.</summary>
    public static IReadOnlyCollection<string> Names => Parts.Keys;

    /// <summary>What stands before every program on CUDA.</summary>
    public static string Prelude => Programs.GetOrAdd("CudaGrid", Marked);

    /// <param name="program">One of <see cref="Names"/>.</param>
    public static string Of(string program) => Programs.GetOrAdd(program, name => string.Concat(Parts[name].Select(Marked)));

    // With the file's name for the compiler's messages.
    private static string Marked(string part) => $"#line 1 \"{part}.cl\"\n{Read(part)}\n";

    private static string Read(string part)
    {
        using var stream = typeof(KernelSource).Assembly.GetManifestResourceStream($"{part}.cl")
            ?? throw new InvalidOperationException($"{part}.cl is not embedded in this assembly");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
