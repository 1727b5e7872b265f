using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using SparseService.Client.Connection;
using SparseService.Client.Verbs;
using SparseService.Engine.Data;

namespace SparseService.Client;

/// <summary>Runs a command line: whatever happens, its user gets a sentence and an exit code of the table.</summary>
internal static class Entry
{
    private const string DebugVariable = "SPARSE_DEBUG";

    /// <param name="root">All verbs.</param>
    /// <param name="args">The command line.</param>
    /// <param name="explain">Makes the fault of an exception that only the caller knows; null = it is none of those.</param>
    public static async Task<int> RunAsync(RootCommand root, string[] args, Func<Exception, CliFault?> explain)
    {
        using var cancellation = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        HelpWithExamples.Use(root);
        root.SetAction(_ => root.Parse("--help").Invoke());
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
        {
            return Refuse(parsed);
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
        catch (Exception exception)
        {
            var fault = exception as CliFault ?? explain(exception) ?? Explain(exception);
            Console.Error.WriteLine(Secrets.Hide(Credentials.Variable(DebugVariable) is null ? fault.Message : $"{exception}"));
            return fault.ExitCode;
        }

        void Cancel(PosixSignalContext signal)
        {
            if (!cancellation.IsCancellationRequested)
            {
                signal.Cancel = true;
                cancellation.Cancel();
            }
        }
    }

    private static CliFault Explain(Exception exception) => exception switch
    {
        DatasetFormatException => new CliFault(exception.Message, ExitCode.BadInput),
        IOException or UnauthorizedAccessException => new CliFault(exception.Message),
        _ => new CliFault(
            $"This should not have happened: {exception.GetType().Name}: {exception.Message}\n"
            + $"{DebugVariable}=1 shows where it did; please report it."),
    };

    // The parser repeats what it does not understand, and that may be a key.
    private static int Refuse(ParseResult parsed)
    {
        foreach (var error in parsed.Errors)
        {
            Console.Error.WriteLine(Secrets.Hide(error.Message));
        }

        Console.Error.WriteLine($"`{string.Join(' ', Spoken(parsed.CommandResult))} --help` shows what is allowed.");
        return ExitCode.BadInput;
    }

    private static IEnumerable<string> Spoken(CommandResult command) =>
        command.Command is RootCommand
            ? [CommandName.Current]
            : [.. command.Parent is CommandResult above ? Spoken(above) : [], command.Command.Name];
}
