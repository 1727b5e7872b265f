using Microsoft.Extensions.Options;
using SparseService.Engine.Inference;
using SparseService.Engine.Kernels;
using SparseService.Persistence.Blobs;

namespace SparseService.Api.Models;

/// <summary>
/// Models that were used lately, kept in memory up to a bound; whoever predicts holds a lease, and a model goes when its last one ends.
/// </summary>
internal sealed class LoadedModels(BlobStore blobs, IOptions<ApiLimits> limits) : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Entry> entries = [];
    private long uses;

    public async Task<Lease> LeaseAsync(string blobHash, CancellationToken cancellationToken)
    {
        Entry? entry;
        lock (gate)
        {
            if (!entries.TryGetValue(blobHash, out entry))
            {
                // Not cancelled with the first caller: others may wait for the same model.
                entries[blobHash] = entry = new Entry(blobHash, new Lazy<Task<LoadedModel>>(() => LoadAsync(blobHash)));
            }

            entry.Leases++;
            entry.LastUse = ++uses;
        }

        try
        {
            var loaded = await entry.Model.Value.WaitAsync(cancellationToken);
            MakeRoom();
            return new Lease(loaded.Model, () => Return(entry));
        }
        catch
        {
            Return(entry);
            throw;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            foreach (var entry in entries.Values)
            {
                Evict(entry);
            }

            entries.Clear();
        }
    }

    private async Task<LoadedModel> LoadAsync(string blobHash)
    {
        await using var bytes = await blobs.OpenAsync(blobHash);
        // Requests run beside each other already. By name: SPARSE_BACKEND would have them share a device, which takes one caller at a time.
        var backend = Backend.Create("simd", threads: 1);
        try
        {
            return new LoadedModel(SparseModel.Load(bytes, backend), backend);
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    private void Return(Entry entry)
    {
        lock (gate)
        {
            entry.Leases--;
            if (entry.Leases == 0 && entry.IsEvicted)
            {
                entry.Free();
            }
            else if (entry.Model.Value.IsFaulted && entries.GetValueOrDefault(entry.Hash) == entry)
            {
                entries.Remove(entry.Hash); // The next caller tries anew.
            }
        }
    }

    private void MakeRoom()
    {
        lock (gate)
        {
            var bytes = entries.Values.Sum(entry => entry.Bytes);
            foreach (var entry in entries.Values.OrderBy(entry => entry.LastUse).ToList())
            {
                if (bytes <= limits.Value.LoadedModelBytes)
                {
                    return;
                }

                bytes -= entry.Bytes;
                entries.Remove(entry.Hash);
                Evict(entry);
            }
        }
    }

    // Whoever still predicts with it frees it at the end.
    private static void Evict(Entry entry)
    {
        entry.IsEvicted = true;
        if (entry.Leases == 0)
        {
            entry.Free();
        }
    }

    internal sealed record Lease(SparseModel Model, Action End) : IDisposable
    {
        public void Dispose() => End();
    }

    private sealed record LoadedModel(SparseModel Model, Backend Backend);

    private sealed class Entry(string hash, Lazy<Task<LoadedModel>> model)
    {
        public string Hash { get; } = hash;

        public Lazy<Task<LoadedModel>> Model { get; } = model;

        public int Leases { get; set; }

        public long LastUse { get; set; }

        public bool IsEvicted { get; set; }

        public long Bytes => Model is { IsValueCreated: true, Value.IsCompletedSuccessfully: true } ? Model.Value.Result.Model.Bytes : 0;

        public void Free()
        {
            if (Model is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            {
                Model.Value.Result.Model.Dispose();
                Model.Value.Result.Backend.Dispose();
            }
        }
    }
}
