namespace SparseService.Cli.Tests.Client;

public sealed class CompletionTests : IDisposable
{
    private readonly Desk desk = new();

    public void Dispose() => desk.Dispose();

    [Theory]
    [InlineData("sparse ru", "runs")]
    [InlineData("sparse runs w", "wait watch")]
    [InlineData("sparse runs submit --re", "--require")]
    [InlineData("sparse completion ", "bash fish zsh")]
    [InlineData("sparse models pull x --format n", "npz")]
    [InlineData("sparse runs submit ", "")]
    public async Task Bash_LineSoFar_IsCompletedByTheProgram(string line, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/bin/bash"), "There is no bash.");
        var client = Path.Combine(AppContext.BaseDirectory, "SparseService.Client.dll");
        var script = desk.Write("try.sh", $$"""
            sparse() { '{{SparseProcess.Dotnet()}}' '{{client}}' "$@"; }
            eval "$(sparse completion bash)"
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}}
            read -ra COMP_WORDS <<<"$COMP_LINE"
            [[ $COMP_LINE == *" " ]] && COMP_WORDS+=("")
            COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
            _sparse
            echo "${COMPREPLY[*]}"
            """);

        await using var bash = desk.StartProgram("bash", [script]);

        Assert.Equal(expected, (await bash.EndAsync()).Expect(0).Output.Trim());
    }

    [Theory]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Script_OtherShells_AsksTheProgram(string shell) =>
        Assert.Contains("[suggest:", (await desk.RunAsync("completion", shell)).Expect(0).Output, StringComparison.Ordinal);
}
