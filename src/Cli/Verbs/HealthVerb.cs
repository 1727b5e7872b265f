using System.CommandLine;
using Npgsql;
using SparseService.Cli.Hosting;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse health</c>: the health check of containers, which have no curl.</summary>
internal sealed class HealthVerb : Verb
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Argument<string?> address = new("URL")
    {
        Description = "Asks the service there whether it is ready.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> database = Flag("--database", $"Asks the database of {Database.Variable} instead, as a worker would.");

    public HealthVerb()
        : base(
            "health", "Exits with 0 when the service is ready, with 1 when it is not.",
            "./sparse health http://127.0.0.1:5230",
            "./sparse health --database")
    {
        Arguments.Add(address);
        Options.Add(database);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        try
        {
            if (arguments.GetValue(database))
            {
                var connectionString = Environment.GetEnvironmentVariable(Database.Variable)
                    ?? throw new CliFault($"{Database.Variable} is not set.", ExitCode.BadInput);
                await using var connection = new NpgsqlConnection(connectionString);
                await connection.OpenAsync(cancellationToken);
                return ExitCode.Done;
            }

            using var http = new HttpClient { Timeout = Patience };
            var url = arguments.GetValue(address) ?? Api.SparseApi.DefaultUrl;
            using var answer = await http.GetAsync(new Uri($"{url.TrimEnd('/')}/health/ready"), cancellationToken);
            Console.WriteLine(answer.IsSuccessStatusCode ? "ready" : $"not ready: {(int)answer.StatusCode}");
            return answer.IsSuccessStatusCode ? ExitCode.Done : ExitCode.Failed;
        }
        catch (Exception fault) when (fault is NpgsqlException or HttpRequestException or UriFormatException or TaskCanceledException)
        {
            Console.Error.WriteLine($"not ready: {fault.Message}");
            return ExitCode.Failed;
        }
    }
}
