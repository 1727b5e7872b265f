using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace SparseService.Api.Uploads;

/// <summary>Files on their way in: announced with size and hash, sent in parts, completed, then used by a dataset.</summary>
public static class UploadsApi
{
    public static RouteGroupBuilder MapUploads(this IEndpointRouteBuilder routes, ApiLimits limits)
    {
        var uploads = routes.MapGroup("/uploads").WithTags("Uploads");
        uploads.MapPost("/", Create).WithName("createUpload").Needs(ApiRole.Submitter).Refuses(400, 409, 413, 415)
            .WithSummary("Announce a file")
            .WithDescription("The answer says into how many parts the file is to be cut, and how large they are.");
        uploads.MapPut("/{id:guid}/parts/{number:int}", PutPart).WithName("putUploadPart").Needs(ApiRole.Submitter)
            .Refuses(403, 404, 409, 413, 415, 422).TakesAtMost(limits.PartBytes)
            .Accepts<Stream>("application/octet-stream")
            .WithSummary("Send a part")
            .WithDescription(
                "The body is the part's bytes. Sending a part again replaces it. The headers X-Part-Sha256 (hex) and Content-Digest "
                + "(RFC 9530) are checked when they are there.");
        uploads.MapGet("/", List).WithName("listUploads").Needs(ApiRole.Submitter).Refuses(400)
            .WithSummary("List your own uploads, newest first")
            .WithDescription("sha256: only of files with this hash, so that an upload that was cut off is found again.");
        uploads.MapGet("/{id:guid}", Get).WithName("getUpload").Needs(ApiRole.Viewer).Refuses(404)
            .WithSummary("See which parts have arrived");
        uploads.MapPost("/{id:guid}/complete", Complete).WithName("completeUpload").Needs(ApiRole.Submitter).Refuses(403, 404, 409, 422)
            .WithSummary("Check the whole file")
            .WithDescription("409 names the parts that are missing; 422 says that the bytes have another SHA-256 than announced.");
        uploads.MapDelete("/{id:guid}", Delete).WithName("deleteUpload").Needs(ApiRole.Submitter).Refuses(403, 404)
            .WithSummary("Give an upload up");
        return uploads;
    }

    private static async Task<Results<Created<UploadResponse>, ProblemResult>> Create(
        Body<CreateUploadRequest> body, ClaimsPrincipal user, SparseDbContext db, IOptions<ApiLimits> limits, TimeProvider clock,
        CancellationToken cancellationToken)
    {
        var (request, limit) = (body.Value, limits.Value);
        if (request.Bytes > limit.UploadBytes)
        {
            return Refused.Because(413, "The file is too large.", ApiFault.Of("$.bytes", request.Bytes, $"at most {limit.UploadBytes}"));
        }

        var ownerId = user.KeyId();
        var open = await db.Uploads.CountAsync(upload => upload.OwnerId == ownerId, cancellationToken);
        if (open >= limit.OpenUploads)
        {
            return Refused.Conflict(
                "Too many uploads are open; use or delete some.", ApiFault.Of("uploads", open, $"at most {limit.OpenUploads}"));
        }

        var now = clock.GetUtcNow();
        var upload = new Upload
        {
            Id = Guid.CreateVersion7(now),
            OwnerId = ownerId,
            FileName = request.FileName,
            Bytes = request.Bytes,
            Sha256 = request.Sha256.ToLowerInvariant(),
            PartBytes = limit.PartBytes,
            CreatedAt = now,
            ExpiresAt = now.AddHours(limit.UploadHours),
        };
        db.Uploads.Add(upload);
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Created($"/v1/uploads/{upload.Id}", UploadResponse.From(upload, []));
    }

    private static async Task<Results<NoContent, ProblemResult>> PutPart(
        Guid id, int number, HttpRequest request, ClaimsPrincipal user, SparseDbContext db, CancellationToken cancellationToken)
    {
        var (upload, refusal) = await FindOwnAsync(id, user, db, cancellationToken);
        if (upload is null)
        {
            return refusal!;
        }

        if (number < 0 || number >= upload.PartCount())
        {
            return Refused.Unprocessable("The file has no such part.", ApiFault.Of("number", number, $"0 to {upload.PartCount() - 1}"));
        }

        var bytes = await RequestBytes.ReadAsync(request, cancellationToken);
        if (bytes.Length != upload.ExpectedBytes(number))
        {
            return Refused.Unprocessable(
                "The part has the wrong size.",
                ApiFault.Of("Content-Length", bytes.Length, $"{upload.ExpectedBytes(number)} for part {number}"));
        }

        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (UploadHash.Disagreement(request, sha256) is { } fault)
        {
            return Refused.Unprocessable("The part's bytes are not what its header says.", fault);
        }

        // Only while the upload is open: a completed one is what was checked, byte for byte.
        var written = await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO upload_parts (upload_id, number, sha256, bytes)
            SELECT u.id, {number}, {sha256}, {bytes} FROM (SELECT id FROM uploads WHERE id = {id} AND NOT completed FOR SHARE) u
            ON CONFLICT (upload_id, number) DO UPDATE SET sha256 = excluded.sha256, bytes = excluded.bytes
            """,
            cancellationToken);
        return written == 1
            ? TypedResults.NoContent()
            : Refused.Conflict(
                "The upload is completed; its parts can no longer change.", ApiFault.Of("completed", "true", "an open upload"));
    }

    private static async Task<Results<Ok<Page<UploadResponse>>, ProblemResult>> List(
        ClaimsPrincipal user, SparseDbContext db, TimeProvider clock, CancellationToken cancellationToken, string? cursor = null,
        int? limit = null, string? sha256 = null)
    {
        if (sha256 is not null && !UploadHash.IsHex(sha256))
        {
            return Refused.BadRequest(ApiFault.Of("sha256", sha256, "64 hex digits"));
        }

        var (page, ownerId, now) = (PageRequest.From(cursor, limit), user.KeyId(), clock.GetUtcNow());
        var hash = sha256?.ToLowerInvariant();
        var rows = await db.Uploads.AsNoTracking()
            .Where(upload => upload.OwnerId == ownerId && upload.ExpiresAt > now && (hash == null || upload.Sha256 == hash))
            .Where(upload => page.BeforeCreatedAt == null || upload.CreatedAt < page.BeforeCreatedAt
                || (upload.CreatedAt == page.BeforeCreatedAt && upload.Id.CompareTo(page.AfterId) > 0))
            .OrderByDescending(upload => upload.CreatedAt).ThenBy(upload => upload.Id).Take(page.Limit + 1)
            .ToListAsync(cancellationToken);
        var ids = rows.ConvertAll(upload => upload.Id);
        var parts = await db.UploadParts.Where(part => ids.Contains(part.UploadId)).OrderBy(part => part.Number)
            .Select(part => new { part.UploadId, part.Number }).ToListAsync(cancellationToken);
        var received = parts.ToLookup(part => part.UploadId, part => part.Number);
        return TypedResults.Ok(page.ToPage(
            rows, upload => UploadResponse.From(upload, [.. received[upload.Id]]), upload => upload.CreatedAt, upload => upload.Id));
    }

    private static async Task<Results<Ok<UploadResponse>, ProblemResult>> Get(
        Guid id, SparseDbContext db, CancellationToken cancellationToken) =>
        await db.Uploads.AsNoTracking().SingleOrDefaultAsync(upload => upload.Id == id, cancellationToken) is { } upload
            ? TypedResults.Ok(UploadResponse.From(upload, await ReceivedAsync(id, db, cancellationToken)))
            : Refused.NotFound("upload", id);

    private static async Task<Results<Ok<UploadResponse>, ProblemResult>> Complete(
        Guid id, ClaimsPrincipal user, SparseDbContext db, CancellationToken cancellationToken)
    {
        // The row lock keeps parts from changing between their check and the mark.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT 1 FROM uploads WHERE id = {id} FOR UPDATE", cancellationToken);
        var (upload, refusal) = await FindOwnAsync(id, user, db, cancellationToken);
        if (upload is null)
        {
            return refusal!;
        }

        var received = await ReceivedAsync(id, db, cancellationToken);
        if (received.Count < upload.PartCount())
        {
            var missing = Enumerable.Range(0, upload.PartCount()).Except(received).Take(20);
            return Refused.Conflict(
                "Parts are missing.",
                ApiFault.Of("parts", $"{received.Count} of {upload.PartCount()}", "all parts; missing are " + string.Join(", ", missing)));
        }

        var actual = await UploadHash.OfPartsAsync(db, upload, cancellationToken);
        if (actual != upload.Sha256)
        {
            return Refused.Unprocessable(
                "The bytes are not the announced ones; send the parts again.", ApiFault.Of(
                    "sha256", actual, $"{upload.Sha256}, as announced"));
        }

        upload.Completed = true;
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(UploadResponse.From(upload, received));
    }

    private static async Task<Results<NoContent, ProblemResult>> Delete(
        Guid id, ClaimsPrincipal user, SparseDbContext db, CancellationToken cancellationToken)
    {
        var (upload, refusal) = await FindOwnAsync(id, user, db, cancellationToken);
        if (upload is null)
        {
            return refusal!;
        }

        await db.Uploads.Where(row => row.Id == id).ExecuteDeleteAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<(Upload? Upload, ProblemResult? Refusal)> FindOwnAsync(
        Guid id, ClaimsPrincipal user, SparseDbContext db, CancellationToken cancellationToken)
    {
        var upload = await db.Uploads.SingleOrDefaultAsync(upload => upload.Id == id, cancellationToken);
        return upload is null ? (null, Refused.NotFound("upload", id))
            : user.MaySteer(upload.OwnerId) ? (upload, null)
            : (null, Refused.NotOwner("upload", id));
    }

    private static Task<List<int>> ReceivedAsync(Guid id, SparseDbContext db, CancellationToken cancellationToken) =>
        db.UploadParts.Where(part => part.UploadId == id).Select(part => part.Number).Order().ToListAsync(cancellationToken);
}
