using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using SparseService.Engine.Training;
using SparseService.Persistence.Entities;

namespace SparseService.Persistence.Mapping;

internal static class RunMapping
{
    public static void Apply(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<TrainingRun>(run =>
        {
            run.ToTable("Runs");
            run.Property(r => r.Id).ValueGeneratedNever();
            run.Property(r => r.Name).HasMaxLength(200);
            run.Property(r => r.CreatedAt).HasDefaultValueSql("now()");
            run.Property(r => r.NotBefore).HasDefaultValueSql("now()");
            run.Property(r => r.Spec).HasColumnType("jsonb").HasConversion(
                spec => JsonSerializer.Serialize(spec, RunSpecJson.Options),
                json => JsonSerializer.Deserialize<RunSpec>(json, RunSpecJson.Options)!,
                new ValueComparer<RunSpec>((a, b) => ReferenceEquals(a, b), spec => spec.GetHashCode(), spec => spec));
            run.Property(r => r.Labels).HasColumnType("jsonb").HasConversion(
                labels => JsonSerializer.Serialize(labels, RunSpecJson.Options),
                json => JsonSerializer.Deserialize<Dictionary<string, string>>(json, RunSpecJson.Options)!,
                new ValueComparer<Dictionary<string, string>>(
                    (a, b) => a!.Count == b!.Count && !a.Except(b).Any(),
                    labels => labels.Count,
                    labels => new Dictionary<string, string>(labels)));
            run.HasOne<Dataset>().WithMany().HasForeignKey(r => r.DatasetId).OnDelete(DeleteBehavior.Restrict);
            run.HasIndex(r => new { r.State, r.NotBefore, r.CreatedAt });
            run.HasIndex(r => new { r.CreatedAt, r.Id }).IsDescending(true, false);
            run.HasIndex(r => new { r.OwnerId, r.CreatedAt }).IsDescending(false, true);
            run.HasIndex(r => new { r.DatasetId, r.CreatedAt }).IsDescending(false, true);
            run.HasIndex(r => r.Labels).HasMethod("gin");
        });
        modelBuilder.Entity<RunEvent>(runEvent =>
        {
            runEvent.HasKey(e => new { e.RunId, e.Seq });
            runEvent.Property(e => e.Payload).HasColumnType("jsonb");
            runEvent.Property(e => e.At).HasDefaultValueSql("now()");
            runEvent.HasOne<TrainingRun>().WithMany().HasForeignKey(e => e.RunId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<RunMetric>(metric =>
        {
            metric.HasKey(m => new { m.RunId, m.Series, m.Step });
            metric.Property(m => m.Series).HasMaxLength(64);
            metric.HasOne<TrainingRun>().WithMany().HasForeignKey(m => m.RunId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<RunStatistics>(statistics =>
        {
            statistics.HasKey(s => new { s.RunId, s.Epoch });
            statistics.Property(s => s.Payload).HasColumnType("jsonb");
            statistics.HasOne<TrainingRun>().WithMany().HasForeignKey(s => s.RunId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<Checkpoint>(checkpoint =>
        {
            checkpoint.Property(c => c.Id).ValueGeneratedNever();
            checkpoint.Property(c => c.CreatedAt).HasDefaultValueSql("now()");
            checkpoint.HasOne<TrainingRun>().WithMany().HasForeignKey(c => c.RunId).OnDelete(DeleteBehavior.Cascade);
            checkpoint.HasOne<Blob>().WithMany().HasForeignKey(c => c.BlobHash).OnDelete(DeleteBehavior.Restrict);
            checkpoint.HasIndex(c => new { c.RunId, c.Step });
        });
        modelBuilder.Entity<Model>(model =>
        {
            model.Property(m => m.Id).ValueGeneratedNever();
            model.Property(m => m.CreatedAt).HasDefaultValueSql("now()");
            // One result per run: a second publication of the same success is a fault, not a second model. And one model per checkpoint.
            model.HasOne<TrainingRun>().WithMany().HasForeignKey(m => m.RunId).OnDelete(DeleteBehavior.Cascade);
            model.HasIndex(m => m.RunId, "ix_models_run_id");
            model.HasIndex(m => m.RunId, "ix_models_result").IsUnique().HasFilter("checkpoint_id IS NULL");
            model.HasIndex(m => m.CheckpointId).IsUnique();
            model.HasOne<Blob>().WithMany().HasForeignKey(m => m.BlobHash).OnDelete(DeleteBehavior.Restrict);
            model.HasIndex(m => new { m.CreatedAt, m.Id }).IsDescending(true, false);
        });
    }
}
