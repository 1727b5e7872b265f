using Microsoft.EntityFrameworkCore;
using SparseService.Persistence.Entities;
using SparseService.Persistence.Mapping;

namespace SparseService.Persistence;

/// <summary>Everything that survives a restart.</summary>
public sealed class SparseDbContext(DbContextOptions<SparseDbContext> options) : DbContext(options)
{
    public DbSet<TrainingRun> Runs => Set<TrainingRun>();

    public DbSet<RunEvent> RunEvents => Set<RunEvent>();

    public DbSet<RunMetric> RunMetrics => Set<RunMetric>();

    public DbSet<RunStatistics> RunStatistics => Set<RunStatistics>();

    public DbSet<Checkpoint> Checkpoints => Set<Checkpoint>();

    public DbSet<Model> Models => Set<Model>();

    public DbSet<Blob> Blobs => Set<Blob>();

    public DbSet<BlobChunk> BlobChunks => Set<BlobChunk>();

    public DbSet<Dataset> Datasets => Set<Dataset>();

    public DbSet<Upload> Uploads => Set<Upload>();

    public DbSet<UploadPart> UploadParts => Set<UploadPart>();

    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    public DbSet<IdempotencyKey> IdempotencyKeys => Set<IdempotencyKey>();

    public DbSet<WorkerNode> Workers => Set<WorkerNode>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<RunState>().HaveConversion<CamelCaseEnumConverter<RunState>>();
        configurationBuilder.Properties<RunReason>().HaveConversion<CamelCaseEnumConverter<RunReason>>();
        configurationBuilder.Properties<RunEventKind>().HaveConversion<CamelCaseEnumConverter<RunEventKind>>();
        configurationBuilder.Properties<ApiRole>().HaveConversion<CamelCaseEnumConverter<ApiRole>>();
        configurationBuilder.Properties<Engine.Data.DatasetFormat>().HaveConversion<CamelCaseEnumConverter<Engine.Data.DatasetFormat>>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        RunMapping.Apply(modelBuilder);
        DataMapping.Apply(modelBuilder);
        AccessMapping.Apply(modelBuilder);
        SnakeCase.Apply(modelBuilder);
    }
}
