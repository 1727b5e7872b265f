namespace SparseService.Jobs.Commands;

public enum RunCommand
{
    Cancel,
    Pause,
    Resume,
}
