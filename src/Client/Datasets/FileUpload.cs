using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Datasets;

/// <summary>Announces a file, sends the parts that the service does not have yet, has the whole checked.</summary>
/// <param name="client">Where to.</param>
/// <param name="parallel">Parts on their way at a time; each takes as much memory as it has bytes.</param>
internal sealed class FileUpload(ServiceClient client, int parallel)
{
    /// <returns>The upload's id.</returns>
    public async Task<Guid> SendAsync(string path, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(path, options: FileOptions.Asynchronous);
        var length = RandomAccess.GetLength(file);
        if (length == 0)
        {
            throw new CliFault($"{path} is empty; allowed: a file of at least one byte", ExitCode.BadInput);
        }

        var name = Path.GetFileName(path);
        var sha256 = await HashAsync(path, cancellationToken);
        var upload = await BegunAsync(name, length, sha256, cancellationToken) ?? await client.PostAsync(
            "v1/uploads", new JsonObject { ["fileName"] = name, ["bytes"] = length, ["sha256"] = sha256 }, cancellationToken);
        var id = upload.Id();
        if (upload.Flag("completed"))
        {
            Console.Error.WriteLine($"{name} is there already.");
            return id;
        }

        await SendPartsAsync(file, length, name, upload, cancellationToken);
        await client.PostAsync($"v1/uploads/{id}/complete", null, cancellationToken);
        return id;
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }

    // An earlier call that was cut off has left its parts; the service finds them by the hash of the whole.
    private async Task<JsonElement?> BegunAsync(string name, long length, string sha256, CancellationToken cancellationToken)
    {
        var uploads = await client.GetAsync($"v1/uploads?sha256={sha256}", cancellationToken);
        foreach (var upload in uploads.Items("items"))
        {
            if (upload.Whole("bytes") == length && upload.Text("fileName") == name
                && await client.FindAsync($"v1/uploads/{upload.Id()}", cancellationToken) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private async Task SendPartsAsync(
        SafeFileHandle file, long length, string name, JsonElement upload, CancellationToken cancellationToken)
    {
        var (id, size) = (upload.Id(), (int)(upload.Whole("partBytes") ?? 0));
        var there = upload.Items("receivedParts").Select(part => part.GetInt32()).ToHashSet();
        using var progress = new ByteProgress(name, length);
        progress.Skip(there.Sum(part => BytesOf(part)));
        if (there.Count > 0)
        {
            Console.Error.WriteLine($"{name}: {there.Count} of {upload.Whole("parts")} parts are there already; sending the others.");
        }

        var missing = Enumerable.Range(0, (int)(upload.Whole("parts") ?? 0)).Where(part => !there.Contains(part));
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(missing, options, async (part, token) =>
        {
            var buffer = ArrayPool<byte>.Shared.Rent(BytesOf(part));
            try
            {
                var bytes = buffer.AsMemory(0, BytesOf(part));
                await ReadAsync(file, bytes, (long)part * size, name, token);
                await client.PutAsync($"v1/uploads/{id}/parts/{part}", bytes, Convert.ToHexStringLower(SHA256.HashData(bytes.Span)), token);
                progress.Add(bytes.Length);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        });

        int BytesOf(int part) => (int)Math.Min(size, length - ((long)part * size));
    }

    private static async Task ReadAsync(
        SafeFileHandle file, Memory<byte> bytes, long offset, string name, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            var count = await RandomAccess.ReadAsync(file, bytes, offset, cancellationToken);
            if (count == 0)
            {
                throw new CliFault($"{name} has become shorter while it was sent; send it again.");
            }

            (bytes, offset) = (bytes[count..], offset + count);
        }
    }
}
