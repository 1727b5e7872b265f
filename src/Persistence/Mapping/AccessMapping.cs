using Microsoft.EntityFrameworkCore;
using SparseService.Persistence.Entities;

namespace SparseService.Persistence.Mapping;

internal static class AccessMapping
{
    public static void Apply(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ApiKey>(key =>
        {
            key.Property(k => k.Id).ValueGeneratedNever();
            key.Property(k => k.Name).HasMaxLength(200);
            key.Property(k => k.CreatedAt).HasDefaultValueSql("now()");
            key.HasIndex(k => k.Prefix).IsUnique();
        });
        modelBuilder.Entity<IdempotencyKey>(key =>
        {
            key.HasKey(k => new { k.OwnerId, k.Key });
            key.Property(k => k.Key).HasMaxLength(255);
            key.Property(k => k.CreatedAt).HasDefaultValueSql("now()");
            key.HasOne<TrainingRun>().WithMany().HasForeignKey(k => k.RunId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<WorkerNode>(worker =>
        {
            worker.ToTable("Workers");
            worker.HasKey(w => w.Name);
            worker.Property(w => w.StartedAt).HasDefaultValueSql("now()");
            worker.Property(w => w.SeenAt).HasDefaultValueSql("now()");
        });
    }
}
