namespace SparseService.Engine.Parallel.Averaged;

/// <summary>What a message is.</summary>
internal static class Tags
{
    public const int Gradient = 1;
    public const int Reply = 2;
    public const int Stop = 3;
    public const int Part = 4;
    public const int Sum = 5;
    public const int Model = 6;
    public const int Values = 7;
}
