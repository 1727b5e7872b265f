using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Models;

/// <summary>Fetches a file's bytes beside their place, goes on after a cut, and moves them there when they are right.</summary>
/// <param name="client">Where from.</param>
/// <param name="path">The address.</param>
/// <param name="tag">The bytes' ETag: other bytes have another one.</param>
/// <param name="sha256">Hash of the bytes; null where nobody knows it, which leaves their number to be checked.</param>
internal sealed class ModelDownload(ServiceClient client, string path, string tag, string? sha256)
{
    private const int Attempts = 5;
    private long? bytes;

    public async Task SaveAsync(string target, bool force, CancellationToken cancellationToken)
    {
        if (File.Exists(target) && sha256 is not null && await HashAsync(target, cancellationToken) == sha256)
        {
            return;
        }

        if (File.Exists(target) && !force)
        {
            throw new CliFault($"{target} is there already; --force replaces it.", ExitCode.BadInput);
        }

        // Named by the content: a part of another model is not taken for one of this.
        var part = $"{target}.{tag[..Math.Min(8, tag.Length)]}.part";
        await FetchAsync(Path.GetFileName(target), part, cancellationToken);
        if (sha256 is not null && await HashAsync(part, cancellationToken) is var actual && actual != sha256)
        {
            File.Delete(part);
            throw new CliFault($"The bytes that came have SHA-256 {actual}; the model has {sha256}. Nothing was kept; try again.");
        }

        File.Move(part, target, overwrite: true);
    }

    private async Task FetchAsync(string name, string part, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        for (var attempt = 1; bytes is null || file.Length < bytes; attempt++)
        {
            file.Seek(0, SeekOrigin.End);
            try
            {
                await AppendAsync(name, file, cancellationToken);
            }
            catch (Exception fault) when (fault is HttpRequestException or HttpIOException)
            {
                // What has come is kept: the next attempt, or the next call, goes on behind it.
                await file.FlushAsync(cancellationToken);
                if (attempt >= Attempts)
                {
                    throw client.NotReachable(fault);
                }
            }
        }
    }

    private async Task AppendAsync(string name, FileStream file, CancellationToken cancellationToken)
    {
        var from = file.Length;
        using var answer = await client.OpenAsync(() => Request(from), cancellationToken, HttpStatusCode.RequestedRangeNotSatisfiable);
        if (answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            // As many bytes as there are came already, or too many.
            bytes = answer.Content.Headers.ContentRange?.Length ?? 0;
            file.SetLength(from > bytes ? 0 : from);
            return;
        }

        if (answer.StatusCode != HttpStatusCode.PartialContent)
        {
            file.SetLength(from = 0);
        }

        bytes = answer.Content.Headers.ContentRange?.Length ?? answer.Content.Headers.ContentLength
            ?? throw new CliFault("The service does not say how many bytes there are; is there something between?");
        using var progress = new ByteProgress(name, bytes.Value);
        progress.Skip(from);
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[64 << 10];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await file.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            progress.Add(count);
        }
    }

    private HttpRequestMessage Request(long from)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
            request.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue($"\"{tag}\""));
        }

        return request;
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }
}
