namespace SparseService.Cli.Tests;

public class SettingsTests
{
    [Theory]
    [InlineData("Queue__Kind=rabbit", "Queue:Kind is 'rabbit'; allowed: ")]
    [InlineData("Worker__Slots=0", "The field Slots must be between 1 and 64.")]
    public async Task Worker_SettingThatCannotBe_IsRefusedWithWhatCan(string setting, string said)
    {
        using var place = new Workplace();

        var worker = await SparseProcess.RunAsync(["worker", "--data-dir", place["data"]], _ => false, setting);

        Assert.Contains(said, worker.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("should not have happened", worker.Errors, StringComparison.Ordinal);
        Assert.Equal(5, worker.ExitCode);
    }
}
