using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Models;

/// <summary>Fetches a model's bytes beside their place and moves them there when their hash is right.</summary>
internal sealed class ModelDownload(ServiceClient client, Guid id, string sha256, long bytes)
{
    private const int Attempts = 5;

    public async Task SaveAsync(string path, bool force, CancellationToken cancellationToken)
    {
        if (File.Exists(path))
        {
            if (await HashAsync(path, cancellationToken) == sha256)
            {
                return;
            }

            if (!force)
            {
                throw new CliFault($"{path} is there already and has other content; --force replaces it.", ExitCode.BadInput);
            }
        }

        // Named by the content: a part of another model is not taken for one of this.
        var part = $"{path}.{sha256[..Math.Min(8, sha256.Length)]}.part";
        await FetchAsync(path, part, cancellationToken);
        if (await HashAsync(part, cancellationToken) is var actual && actual != sha256)
        {
            File.Delete(part);
            throw new CliFault($"The bytes that came have SHA-256 {actual}; the model has {sha256}. Nothing was kept; try again.");
        }

        File.Move(part, path, overwrite: true);
    }

    private async Task FetchAsync(string path, string part, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        file.SetLength(Math.Min(file.Length, bytes));
        using var progress = new ByteProgress(Path.GetFileName(path), bytes);
        progress.Skip(file.Length);
        for (var attempt = 1; file.Length < bytes; attempt++)
        {
            file.Seek(0, SeekOrigin.End);
            try
            {
                await AppendAsync(file, progress, cancellationToken);
            }
            catch (Exception fault) when (fault is HttpRequestException or HttpIOException && attempt < Attempts)
            {
                await file.FlushAsync(cancellationToken);
            }
        }
    }

    private async Task AppendAsync(FileStream file, ByteProgress progress, CancellationToken cancellationToken)
    {
        var from = file.Length;
        using var answer = await client.OpenAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, $"v1/models/{id}/content");
                if (from > 0)
                {
                    request.Headers.Range = new RangeHeaderValue(from, null);
                    request.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue($"\"{sha256}\""));
                }

                return request;
            },
            cancellationToken);
        if (answer.StatusCode != HttpStatusCode.PartialContent)
        {
            file.SetLength(0);
        }

        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[64 << 10];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await file.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            progress.Add(count);
        }

        if (file.Length > bytes)
        {
            throw new CliFault($"More bytes came than the model has ({bytes}).");
        }
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }
}
