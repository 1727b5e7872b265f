using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SparseService.Api.Security;

/// <summary>
/// Tokens of the links that the service prints when it starts: each opens the door once, within an hour, for whoever sees the terminal.
/// They are kept in this process only, so that a link is worth nothing after a restart and never stands in the database.
/// </summary>
internal sealed class StartUpLinks(TimeProvider clock)
{
    private const string Start = "st_";
    private const int SecretBytes = 32;
    private const int MostOpen = 100;
    private readonly Lock gate = new();
    private readonly List<(byte[] Hash, ApiRole Role, DateTimeOffset Until)> open = [];

    public static TimeSpan Lifetime { get; } = TimeSpan.FromHours(1);

    /// <summary>A new token, which exists nowhere else.</summary>
    public string Create(ApiRole role)
    {
        var token = Start + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        lock (gate)
        {
            if (open.Count == MostOpen)
            {
                open.RemoveAt(0);
            }

            open.Add((Hash(token), role, clock.GetUtcNow() + Lifetime));
        }

        return token;
    }

    /// <summary>The role that a token opens for; null when it is unknown, too old, or was taken before.</summary>
    public ApiRole? Take(string token)
    {
        var hash = Hash(token);
        lock (gate)
        {
            open.RemoveAll(link => link.Until < clock.GetUtcNow());
            var index = open.FindIndex(link => CryptographicOperations.FixedTimeEquals(link.Hash, hash));
            if (index < 0)
            {
                return null;
            }

            var role = open[index].Role;
            open.RemoveAt(index);
            return role;
        }
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
