using SparseService.Engine.Gpu;
using SparseService.Engine.Inference;

namespace SparseService.Engine.Kernels;

/// <summary>A backend of another assembly, which is there where its packages restore. Whoever puts a program together adds it.</summary>
/// <param name="Name">As in <c>--backend</c>.</param>
/// <param name="HasDevice">Whether this machine has a device for it.</param>
/// <param name="Create">From the number of threads that the host may use.</param>
/// <param name="CreateInference">Likewise.</param>
public sealed record OptionalBackend(
    string Name, Func<bool> HasDevice, Func<int, Backend> Create, Func<int, SparseInference> CreateInference)
{
    /// <summary>The one whose kernels are C#.</summary>
    public const string Ilgpu = "ilgpu";

    private static readonly List<OptionalBackend> Added = [];

    /// <summary>Those of this build.</summary>
    public static IReadOnlyList<OptionalBackend> All => Added;

    internal static IEnumerable<string> Usable => Added.Where(one => one.HasDevice()).Select(one => one.Name);

    /// <summary>To be called when a program begins, before anything trains.</summary>
    public static void Add(OptionalBackend backend) => Added.Add(backend);

    /// <returns>Null for a name that no optional backend has, built in or not.</returns>
    /// <exception cref="NoDeviceException">The backend is known, and not in this build.</exception>
    internal static OptionalBackend? Find(string name) => Added.Find(one => one.Name == name) switch
    {
        { } backend => backend,
        null when name == Ilgpu => throw new NoDeviceException(
            $"Backend is '{Ilgpu}'; allowed: {string.Join(", ", Backend.Names)}. {Ilgpu} is not in this build: it needs the package ILGPU, which did"
            + " not restore where this was built, or was left out by -p:Ilgpu=false (docs/gpu.md)"),
        null => null,
    };
}
