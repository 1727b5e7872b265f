using System.CommandLine;
using System.Runtime.InteropServices;
using Npgsql;
using SparseService.Cli;
using SparseService.Cli.Verbs;
using SparseService.Engine.Data;
using SparseService.Engine.Training;

using var cancellation = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);

var root = new RootCommand("Trains truly sparse neural networks: as a service, or here and now.")
{
    new DemoVerb(),
    new ServeVerb(),
    new WorkerVerb(),
    new TrainVerb(),
    new TestVerb(),
    new BenchVerb(),
    new HealthVerb(),
};
HelpWithExamples.Use(root);
root.SetAction(_ => root.Parse("--help").Invoke());
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
{
    foreach (var error in parsed.Errors)
    {
        Console.Error.WriteLine(error.Message);
    }

    Console.Error.WriteLine($"`./sparse {string.Join(' ', Spoken(parsed.CommandResult))}--help` shows what is allowed.");
    return ExitCode.BadInput;
}

try
{
    // Signals are handled here: a first one asks, a second one ends the process.
    var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
    return await parsed.InvokeAsync(configuration, cancellation.Token);
}
catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
{
    return ExitCode.Interrupted;
}
catch (InvalidSpecException fault)
{
    foreach (var line in fault.Faults)
    {
        Console.Error.WriteLine(line);
    }

    return ExitCode.BadInput;
}
catch (DatasetFormatException fault)
{
    Console.Error.WriteLine(fault.Message);
    return ExitCode.BadInput;
}
catch (TrainingDivergedException fault)
{
    Console.Error.WriteLine(fault.Message);
    return ExitCode.Failed;
}
catch (CliFault fault)
{
    Console.Error.WriteLine(fault.Message);
    return fault.ExitCode;
}

catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NpgsqlException)
{
    Console.Error.WriteLine($"{(fault is NpgsqlException ? "Postgres: " : "")}{fault.Message}");
    return ExitCode.Failed;
}

void Cancel(PosixSignalContext signal)
{
    if (!cancellation.IsCancellationRequested)
    {
        signal.Cancel = true;
        cancellation.Cancel();
    }
}

static IEnumerable<string> Spoken(System.CommandLine.Parsing.CommandResult command) =>
    command.Command is RootCommand
        ? []
        : [.. command.Parent is System.CommandLine.Parsing.CommandResult above ? Spoken(above).SkipLast(1) : [], command.Command.Name, ""];
