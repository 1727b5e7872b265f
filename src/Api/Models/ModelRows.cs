namespace SparseService.Api.Models;

/// <summary>A model with what a reader wants to know of the run and the dataset that it comes from.</summary>
internal sealed record ModelRow
{
    public required Model Model { get; init; }

    public string? RunName { get; init; }

    public required int EpochsTotal { get; init; }

    public required Dataset Dataset { get; init; }
}

internal static class ModelRows
{
    public static IQueryable<ModelRow> In(SparseDbContext db) =>
        from model in db.Models.AsNoTracking()
        join run in db.Runs on model.RunId equals run.Id
        join dataset in db.Datasets on run.DatasetId equals dataset.Id
        select new ModelRow { Model = model, RunName = run.Name, EpochsTotal = run.EpochsTotal, Dataset = dataset };
}
