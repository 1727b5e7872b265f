namespace SparseService.Api.Admin;

/// <param name="DatabaseBytes">The whole database on disk, indexes and free space included.</param>
/// <param name="Kinds">What the bytes are; the largest kind comes first.</param>
/// <param name="Largest">Single things that take the most room.</param>
public sealed record StorageResponse(long DatabaseBytes, IReadOnlyList<StorageKind> Kinds, IReadOnlyList<StorageItem> Largest);

/// <param name="Kind">
/// datasets, checkpoints, models, uploads, metrics, statistics, events, or unused: bytes that the next sweep takes away.
/// </param>
/// <param name="Count">How many there are; absent where counting would take long. Equal bytes are stored once.</param>
public sealed record StorageKind(string Kind, long? Count, long Bytes);

/// <param name="Kind">dataset, checkpoints (all of a run), model or upload.</param>
/// <param name="Id">Of the dataset, run, model or upload.</param>
/// <param name="Count">1, or the number of a run's checkpoints.</param>
public sealed record StorageItem(string Kind, Guid Id, string Name, long Count, long Bytes);

/// <param name="Waiting">Runs that no worker has, in the order in which they will be taken.</param>
/// <param name="WaitingTotal">How many there are; at most 200 are listed.</param>
/// <param name="Held">Runs that a worker has.</param>
/// <param name="Slots">Runs that the workers which are alive can train at the same time.</param>
public sealed record QueueResponse(IReadOnlyList<QueuedRun> Waiting, int WaitingTotal, IReadOnlyList<HeldRun> Held, int Slots);

/// <param name="Place">From 1.</param>
/// <param name="WaitingSeconds">Since it was posted, or since it may be tried again.</param>
/// <param name="NotBefore">A retry is not tried before this instant; absent when nothing holds the run back.</param>
public sealed record QueuedRun(
    int Place, Guid Id, string? Name, Guid OwnerId, int Attempt, DateTimeOffset CreatedAt, double WaitingSeconds,
    DateTimeOffset? NotBefore);

/// <param name="Worker">Name of the worker, as the list of workers has it.</param>
/// <param name="LeaseExpiresAt">If the worker is not heard of until then, another one takes the run over.</param>
public sealed record HeldRun(
    Guid Id, string? Name, Guid OwnerId, RunState State, string Worker, int Attempt, int EpochsDone, int EpochsTotal,
    DateTimeOffset? StartedAt, DateTimeOffset? LeaseExpiresAt);
