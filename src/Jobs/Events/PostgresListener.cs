using System.Data.Common;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace SparseService.Jobs.Events;

/// <summary>One LISTEN connection that comes back by itself. What was notified while it was away is lost, so <paramref name="onConnected"/> looks at the tables.</summary>
internal sealed class PostgresListener(
    NpgsqlDataSource dataSource, IReadOnlyList<string> channels, Action<string, string> onNotification, Action onConnected, ILogger logger)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ProbeAfter = TimeSpan.FromSeconds(15);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var wait = TimeSpan.FromMilliseconds(100);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
                connection.Notification += (_, notification) => onNotification(notification.Channel, notification.Payload);
                await ExecuteAsync(connection, string.Join(';', channels.Select(channel => "LISTEN " + channel)), cancellationToken);
                onConnected();
                wait = TimeSpan.FromMilliseconds(100);
                while (true)
                {
                    if (!await connection.WaitAsync(ProbeAfter, cancellationToken))
                    {
                        // A connection that a firewall forgot looks like a quiet one.
                        await ExecuteAsync(connection, "SELECT 1", cancellationToken);
                    }
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (fault is DbException or IOException or TimeoutException)
            {
                logger.LogWarning("Lost the connection that listens on {Channels}: {Fault}", string.Join(", ", channels), fault.Message);
                await Task.Delay(wait, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
            }
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
