using Microsoft.Extensions.Options;

namespace SparseService.Api.Runs;

/// <summary>Counts who follows runs live, through the hub or as an event stream, and lets no more in than the limits say.</summary>
internal sealed class LiveConnections(IOptions<ApiLimits> limits)
{
    private readonly Lock gate = new();
    private readonly Dictionary<Guid, int> byKey = [];
    private int all;

    public bool TryOpen(Guid keyId)
    {
        lock (gate)
        {
            var own = byKey.GetValueOrDefault(keyId);
            if (all >= limits.Value.LiveConnections || own >= limits.Value.LiveConnectionsPerKey)
            {
                return false;
            }

            byKey[keyId] = own + 1;
            all++;
            return true;
        }
    }

    public void Close(Guid keyId)
    {
        lock (gate)
        {
            all--;
            if (--byKey[keyId] == 0)
            {
                byKey.Remove(keyId);
            }
        }
    }
}
