namespace SparseService.Engine.Kernels;

/// <summary>How many registers hold a strip, as a type: a loop body written once for eight is compiled for each number, without the rest.</summary>
internal interface IRegisters
{
    static abstract int Count { get; }
}

internal readonly struct Registers1 : IRegisters
{
    public static int Count => 1;
}

internal readonly struct Registers2 : IRegisters
{
    public static int Count => 2;
}

internal readonly struct Registers3 : IRegisters
{
    public static int Count => 3;
}

internal readonly struct Registers4 : IRegisters
{
    public static int Count => 4;
}

internal readonly struct Registers5 : IRegisters
{
    public static int Count => 5;
}

internal readonly struct Registers6 : IRegisters
{
    public static int Count => 6;
}

internal readonly struct Registers7 : IRegisters
{
    public static int Count => 7;
}

internal readonly struct Registers8 : IRegisters
{
    public static int Count => 8;
}
