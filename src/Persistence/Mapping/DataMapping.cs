using Microsoft.EntityFrameworkCore;
using SparseService.Persistence.Entities;

namespace SparseService.Persistence.Mapping;

internal static class DataMapping
{
    public static void Apply(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Blob>(blob =>
        {
            blob.HasKey(b => b.Hash);
            blob.Property(b => b.Hash).HasMaxLength(64);
            blob.Property(b => b.CreatedAt).HasDefaultValueSql("now()");
        });
        modelBuilder.Entity<BlobChunk>(chunk =>
        {
            chunk.HasKey(c => new { c.Hash, c.Number });
            chunk.Property(c => c.Hash).HasMaxLength(64);
            chunk.HasOne<Blob>().WithMany().HasForeignKey(c => c.Hash).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<Dataset>(dataset =>
        {
            dataset.Property(d => d.Id).ValueGeneratedNever();
            dataset.Property(d => d.Name).HasMaxLength(200);
            dataset.Property(d => d.CreatedAt).HasDefaultValueSql("now()");
            dataset.HasOne<Blob>().WithMany().HasForeignKey(d => d.ContentHash).OnDelete(DeleteBehavior.Restrict);
            // Finds the newest version of a name, and lets no two uploads take the same number.
            dataset.HasIndex(d => new { d.Name, d.Version }).IsUnique();
            dataset.HasIndex(d => new { d.CreatedAt, d.Id }).IsDescending(true, false);
        });
        modelBuilder.Entity<Upload>(upload =>
        {
            upload.Property(u => u.Id).ValueGeneratedNever();
            upload.Property(u => u.FileName).HasMaxLength(255);
            upload.Property(u => u.CreatedAt).HasDefaultValueSql("now()");
            upload.HasIndex(u => u.ExpiresAt);
            upload.HasIndex(u => u.OwnerId);
        });
        modelBuilder.Entity<UploadPart>(part =>
        {
            part.HasKey(p => new { p.UploadId, p.Number });
            part.HasOne<Upload>().WithMany().HasForeignKey(p => p.UploadId).OnDelete(DeleteBehavior.Cascade);
        });
    }
}
