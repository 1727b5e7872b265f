namespace SparseService.Client;

/// <summary>How the user calls this program: <c>sparse</c>, or <c>./sparse</c> in a source checkout.</summary>
internal static class CommandName
{
    /// <summary>As examples in the sources spell it.</summary>
    public const string InExamples = "./sparse";

    public static string Current { get; set; } = "sparse";
}
