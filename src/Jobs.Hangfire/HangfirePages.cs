using Hangfire.Dashboard;
using Microsoft.AspNetCore.Http;

namespace SparseService.Jobs.Hangfire;

/// <summary>Hangfire's dashboard. Who may come is the endpoint's matter, as everywhere in the service.</summary>
internal static class HangfirePages
{
    private const string Address = "/hangfire";

    public static IEndpointConventionBuilder Map(IEndpointRouteBuilder routes, Func<ClaimsPrincipal, bool> mayChange)
    {
        var options = new DashboardOptions
        {
            Authorization = [],
            IsReadOnlyFunc = context => !mayChange(context.GetHttpContext().User),
            DashboardTitle = "SparseService",
            DisplayStorageConnectionString = false,
        };
        // At the first visit: the application is put together before its database need be there.
        var pages = new Lazy<RequestDelegate>(() => routes.CreateApplicationBuilder().UsePathBase(Address)
            .UseMiddleware<AspNetCoreDashboardMiddleware>(
                routes.ServiceProvider.GetRequiredService<JobStorage>(), options, DashboardRoutes.Routes, true)
            .Build());
        return routes.Map(Address + "/{**path}", async context =>
        {
            await pages.Value(context);
            if (context.Response is { StatusCode: StatusCodes.Status401Unauthorized, HasStarted: false })
            {
                // Hangfire asks who may only look for a key, although it has seen one.
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
            }
        });
    }
}
