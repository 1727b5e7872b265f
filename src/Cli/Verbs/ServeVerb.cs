using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SparseService.Cli.Hosting;
using SparseService.Persistence.Entities;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse serve</c>: API, dashboard and a worker, until stopped.</summary>
internal sealed class ServeVerb : Verb
{
    private readonly Option<string?> urls = Text("--urls", "URLS", "Where to answer (http://127.0.0.1:5230); several with semicolons.");
    private readonly Option<string?> dataDir = Text("--data-dir", "DIR", "Where the private Postgres and the caches live (.sparse).");
    private readonly Option<bool> noWorker = Flag("--no-worker", "Train nothing in this process; workers run elsewhere.");
    private readonly Option<bool> newKey = Flag("--new-key", "Make a further admin key and show it, e.g. when the first one was lost.");

    public ServeVerb()
        : base(
            "serve", "Runs the service on this machine: API, dashboard and a worker.",
            "./sparse serve",
            "./sparse serve --urls http://127.0.0.1:8080 --data-dir DIR",
            $"{Database.Variable}='Host=db;Username=sparse;Password=…;Database=sparse' ./sparse serve --no-worker")
    {
        urls.Validators.Add(Check);
        Options.Add(urls);
        Options.Add(dataDir);
        Options.Add(noWorker);
        Options.Add(newKey);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        await DashboardBuild.EnsureAsync(cancellationToken);
        var folder = DataFolder.At(arguments.GetValue(dataDir));
        await using var database = await Database.OpenAsync(folder, cancellationToken);
        await using var service = await ServiceHost.StartAsync(
            database, folder, arguments.GetValue(urls), !arguments.GetValue(noWorker), LogLevel.Information, cancellationToken);

        var key = service.FirstKey;
        if (key is null && arguments.GetValue(newKey))
        {
            key = await service.CreateKeyAsync("admin", ApiRole.Admin, cancellationToken);
        }

        Console.WriteLine($"SparseService answers at {service.Address}; {database.Description}");
        // Where others can reach the service, its output may be kept for long and read by many: no way in is printed without need.
        if (key is not null || service.IsLocal)
        {
            Console.WriteLine($"Dashboard: {service.CreateStartUpLink()}");
            Console.WriteLine("           The link signs you in; it works once, within an hour.");
        }
        else
        {
            Console.WriteLine($"Dashboard: {service.Address}/ (sign in with a key; --new-key makes one)");
        }

        if (key is not null)
        {
            Console.WriteLine($"Admin key, shown this one time: {key}");
        }

        Console.WriteLine($"Terminal: {CommandName.Current} login, with the link or a key, then {CommandName.Current} runs --help");

        Console.WriteLine("Ctrl-C stops it; runs in progress go on at the next start.");
        await service.WaitForShutdownAsync(cancellationToken);
        return ExitCode.Done;
    }

    // Kestrel's own reading, before anything is started.
    private static void Check(OptionResult result)
    {
        foreach (var url in result.Tokens.SelectMany(token => token.Value.Split(';')))
        {
            try
            {
                BindingAddress.Parse(url);
            }
            catch (FormatException)
            {
                result.AddError($"--urls is '{url}'; allowed: addresses like http://127.0.0.1:5230, several with semicolons");
            }
        }
    }
}
