using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace SparseService.Api.OpenApi;

/// <summary>The OpenAPI document and its page at <c>/swagger</c>.</summary>
internal static class ApiDescription
{
    public const string DocumentName = "v1";
    private const string Scheme = "ApiKey";

    public static IServiceCollection AddApiDescription(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSingleton<SpecSchema>();
        services.AddSwaggerGen(options =>
        {
            options.SwaggerDoc(DocumentName, new OpenApiInfo
            {
                Title = "SparseService",
                Version = "v1",
                Description = "Trains truly sparse neural networks. Every address under /v1 wants a key: `Authorization: Bearer sk_…`. "
                    + "Errors are problem details (RFC 9457) whose `errors` name path, value and what is allowed.",
            });
            options.AddSecurityDefinition(Scheme, new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "A key as the first start, or POST /v1/keys, shows it once. The header X-Api-Key works too.",
            });
            options.SupportNonNullableReferenceTypes();
            options.CustomSchemaIds(SchemaName);
            options.OperationFilter<DescribeOperation>();
            options.SchemaFilter<DescribeExample>();
            options.SchemaFilter<DescribeSpec>();
            foreach (var assembly in new[] { "Api", "Engine", "Persistence" })
            {
                var comments = Path.Combine(AppContext.BaseDirectory, $"SparseService.{assembly}.xml");
                if (File.Exists(comments))
                {
                    options.IncludeXmlComments(comments);
                }
            }
        });
        return services;
    }

    public static void UseApiDescription(this IApplicationBuilder app)
    {
        app.UseSwagger(options => options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1);
        app.UseSwaggerUI(options =>
        {
            options.SwaggerEndpoint($"/swagger/{DocumentName}/swagger.json", "SparseService v1");
            options.DocumentTitle = "SparseService API";
        });
    }

    public static OpenApiSecurityRequirement Requirement(OpenApiDocument document) =>
        new() { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] };

    private static string SchemaName(Type type) =>
        type.IsGenericType
            ? string.Concat(type.GetGenericArguments().Select(SchemaName)) + type.Name[..type.Name.IndexOf('`')]
            : type.Name;
}
