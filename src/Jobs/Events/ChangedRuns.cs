namespace SparseService.Jobs.Events;

/// <summary>Runs that something happened to since the last look: each once, however often it changed.</summary>
/// <param name="Ids">Also runs that were deleted.</param>
/// <param name="MayBeMore">True when changes may have been missed, or were too many: whoever follows reads everything again.</param>
public sealed record ChangedRuns(IReadOnlyCollection<Guid> Ids, bool MayBeMore);
