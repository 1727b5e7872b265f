using Microsoft.Extensions.FileProviders;

namespace SparseService.Api.Dashboard;

/// <summary>Serves the built web page from beside the assembly; without one, a plain page that says so.</summary>
internal static class DashboardPages
{
    private const string Address = "/dashboard";
    private const string Absent =
        """
        <!doctype html><html lang="en"><head><meta charset="utf-8"><title>SparseService</title></head>
        <body><h1>SparseService</h1><p>The service runs. Its dashboard was not built into it: <code>./sparse</code> does that.</p>
        <p>The API describes itself at <a href="/swagger">/swagger</a>.</p></body></html>
        """;

    public static void UseDashboard(this IApplicationBuilder app)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "wwwroot", "dashboard");
        var isBuilt = File.Exists(Path.Combine(folder, "index.html"));
        app.Use((context, next) =>
        {
            var method = context.Request.Method;
            if (context.Request.Path != "/" || !(HttpMethods.IsGet(method) || HttpMethods.IsHead(method)))
            {
                return next(context);
            }

            if (isBuilt)
            {
                context.Response.Redirect($"{Address}/"); // What stands behind a # goes along in the browser.
                return Task.CompletedTask;
            }

            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync(Absent);
        });
        if (isBuilt)
        {
            var files = new PhysicalFileProvider(folder);
            app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files, RequestPath = Address });
            app.UseStaticFiles(new StaticFileOptions { FileProvider = files, RequestPath = Address });
        }
    }
}
