namespace SparseService.Cli;

/// <summary>What this program is put together of where its packages restore: a part that is not built leaves its method without a
/// body, and the compiler its call out.</summary>
internal static partial class OptionalParts
{
    public static void Add()
    {
        AddHangfire();
        AddIlgpu();
    }

    static partial void AddHangfire();

    static partial void AddIlgpu();
}
