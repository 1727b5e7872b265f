using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using SparseService.Persistence;

return 0;

/// <summary>Lets dotnet-ef build the model; it never connects.</summary>
internal sealed class DesignTimeFactory : IDesignTimeDbContextFactory<SparseDbContext>
{
    public SparseDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SparseDbContext>().UseNpgsql("Host=none").Options);
}
