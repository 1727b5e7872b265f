using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Options;

namespace SparseService.Api.Security;

/// <summary>Counts wrong keys per address and minute, so that guessing is slow and cheap to refuse.</summary>
internal sealed class FailedAttempts(IOptions<ApiLimits> limits, TimeProvider clock)
{
    public const string Exhausted = "too many wrong keys";
    private const int MostAddresses = 10_000;
    private readonly ConcurrentDictionary<IPAddress, (DateTimeOffset Since, int Count)> attempts = new();

    public static TimeSpan Window { get; } = TimeSpan.FromMinutes(1);

    public bool AreExhausted(IPAddress? address) =>
        attempts.TryGetValue(address ?? IPAddress.None, out var seen)
        && clock.GetUtcNow() - seen.Since < Window
        && seen.Count >= limits.Value.FailedAttemptsPerMinute;

    public void Add(IPAddress? address)
    {
        var now = clock.GetUtcNow();
        if (attempts.Count >= MostAddresses)
        {
            attempts.Clear(); // Forgetting everybody bounds the memory; the next guesses are counted again.
        }

        attempts.AddOrUpdate(
            address ?? IPAddress.None,
            _ => (now, 1),
            (_, seen) => now - seen.Since < Window ? (seen.Since, seen.Count + 1) : (now, 1));
    }
}
