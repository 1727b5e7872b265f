using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace SparseService.Cli.Tests.Client;

/// <summary>A user of the client: a folder for files, settings of its own, and the service in the environment.</summary>
internal sealed class Desk : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sparse-desk-");

    public Desk(LiveHost? service = null)
    {
        Variables = new Dictionary<string, string?>
        {
            ["XDG_CONFIG_HOME"] = this["config"],
            ["SPARSE_URL"] = service?.Address,
            ["SPARSE_KEY"] = service?.Key,
            ["SPARSE_PROFILE"] = null,
            ["NO_COLOR"] = null,
        };
    }

    public string this[string name] => Path.Combine(folder.FullName, name);

    /// <summary>The environment; null = not set.</summary>
    public Dictionary<string, string?> Variables { get; }

    public string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text);
        return this[name];
    }

    /// <summary>Writes a spec of a run that takes about a second for 50 epochs.</summary>
    public string WriteSpec(int epochs = 3, string name = "small", string more = "") => Write($"{name}.json", $$"""
        {
          "name": "{{name}}",
          "dataset": { "generated": { "kind": "glyphs", "trainSamples": 400, "testSamples": 100, "seed": 5 } },
          "training": {
            "seed": 3, "epochs": {{epochs}}, "batchSize": 32, {{more}}
            "network": { "layers": [784, 60, 10], "topology": { "epsilon": 5 }, "activation": { "kind": "allRelu" } },
            "checkpoints": { "everyEpochs": 50, "keep": 2 }
          }
        }
        """);

    /// <summary>Runs <c>sparse</c> to its end.</summary>
    public Task<Said> RunAsync(params string[] arguments) => RunAsync(arguments, input: null);

    public async Task<Said> RunAsync(string[] arguments, string? input)
    {
        await using var client = Start(arguments, input);
        return await client.EndAsync();
    }

    /// <summary>Starts <c>sparse</c>; its output can be listened to.</summary>
    public Running Start(string[] arguments, string? input = null) =>
        StartProgram(SparseProcess.Dotnet(), [Path.Combine(AppContext.BaseDirectory, "SparseService.Client.dll"), .. arguments], input);

    public Running StartProgram(string program, string[] arguments, string? input = null)
    {
        string[] command = [.. Signals.Undo, program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.FullName,
        };
        foreach (var (name, value) in Variables)
        {
            start.Environment[name] = value;
        }

        return new Running(Process.Start(start)!, input, Limit);
    }

    public void Dispose() => folder.Delete(recursive: true);
}

/// <summary>What a finished program has said.</summary>
internal sealed record Said(int ExitCode, string Output, string Errors)
{
    public JsonElement Json => JsonElement.Parse(Output);

    public IReadOnlyList<JsonElement> JsonLines =>
        [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];

    /// <summary>Fails with everything that was said.</summary>
    public Said Expect(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"exit code {ExitCode}, expected {exitCode}\n{Output}\n{Errors}");
        return this;
    }
}

/// <summary>A program that runs.</summary>
internal sealed class Running : IAsyncDisposable
{
    private readonly Process process;
    private readonly CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly StringBuilder output = new();
    private readonly StringBuilder errors = new();
    private readonly Task reading;

    public Running(Process process, string? input, TimeSpan most)
    {
        this.process = process;
        limit.CancelAfter(most);
        if (input is not null)
        {
            process.StandardInput.Write(input);
        }

        process.StandardInput.Close();
        reading = Task.WhenAll(ReadAsync(process.StandardOutput, output), ReadAsync(process.StandardError, errors));
    }

    /// <summary>Waits until both streams together hold a text.</summary>
    public async Task HearAsync(string text)
    {
        while (true)
        {
            var said = Text(output) + Text(errors);
            if (said.Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            Assert.False(process.HasExited && reading.IsCompleted, $"It ended with {Code()} before it said '{text}':\n{said}");
            await Task.Delay(20, limit.Token);
        }
    }

    public void Interrupt()
    {
        using var kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
        kill.WaitForExit();
    }

    public void Kill() => process.Kill();

    public async Task<Said> EndAsync()
    {
        await process.WaitForExitAsync(limit.Token);
        await reading;
        return new Said(process.ExitCode, Text(output), Text(errors));
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
        limit.Dispose();
    }

    private string Code() => process.HasExited ? $"{process.ExitCode}" : "?";

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private static async Task ReadAsync(StreamReader from, StringBuilder to)
    {
        var buffer = new char[4096];
        int count;
        while ((count = await from.ReadAsync(buffer)) > 0)
        {
            lock (to)
            {
                to.Append(buffer, 0, count);
            }
        }
    }
}
