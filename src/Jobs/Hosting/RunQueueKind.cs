using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace SparseService.Jobs.Hosting;

/// <summary>A queue of another assembly, which is there where its packages restore. Whoever puts a program together adds it.</summary>
/// <param name="Name">As in setting <c>Queue:Kind</c>.</param>
/// <param name="AddClient">Adds what rings for runs.</param>
/// <param name="AddWorker">Adds what hands runs to this process, which has a client and a trainer.</param>
/// <param name="MapPages">Maps its pages, which change something for the few that the function names; null where it has none.</param>
public sealed record RunQueueKind(
    string Name,
    Action<IServiceCollection> AddClient,
    Action<IServiceCollection> AddWorker,
    Func<IEndpointRouteBuilder, Func<ClaimsPrincipal, bool>, IEndpointConventionBuilder?> MapPages);
