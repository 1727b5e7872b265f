namespace SparseService.Persistence.Blobs;

/// <param name="Hash">SHA-256, lower-case hex.</param>
/// <param name="IsNew">False when the same bytes were there already.</param>
public readonly record struct StoredBlob(string Hash, long Bytes, bool IsNew);
