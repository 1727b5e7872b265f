namespace SparseService.Engine.Kernels;

/// <summary>Work that is cut into blocks which may run in any order and on any thread.</summary>
internal interface IBlockWork
{
    void Execute(int block);
}
