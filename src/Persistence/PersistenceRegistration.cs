using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SparseService.Persistence.Blobs;

namespace SparseService.Persistence;

public static class PersistenceRegistration
{
    /// <summary>Adds the data source (one pool per process), a <see cref="SparseDbContext"/> per scope, its factory, and the blob store.</summary>
    public static IServiceCollection AddSparsePersistence(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton(_ => NpgsqlDataSource.Create(connectionString));
        services.AddPooledDbContextFactory<SparseDbContext>((provider, options) => options.UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddScoped(provider => provider.GetRequiredService<IDbContextFactory<SparseDbContext>>().CreateDbContext());
        services.AddSingleton<BlobStore>();
        return services;
    }
}
