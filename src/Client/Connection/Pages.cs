using System.Text.Json;
using System.Text.Json.Nodes;

namespace SparseService.Client.Connection;

/// <summary>Reads as many pages of a list as are asked for.</summary>
internal static class Pages
{
    private const int LargestPage = 200;

    /// <returns>One page with all rows, in the service's own form.</returns>
    public static async Task<JsonElement> ReadAsync(
        ServiceClient client, string path, string filter, int limit, CancellationToken cancellationToken)
    {
        var (items, cursor) = (new JsonArray(), (string?)null);
        do
        {
            var size = Math.Min(LargestPage, limit - items.Count);
            var page = await client.GetAsync(
                $"{path}?limit={size}{filter}{(cursor is null ? "" : $"&cursor={cursor}")}", cancellationToken);
            foreach (var row in page.Items("items"))
            {
                items.Add((JsonNode?)JsonObject.Create(row));
            }

            cursor = page.Text("nextCursor");
        }
        while (cursor is not null && items.Count < limit);
        var all = new JsonObject { ["items"] = items };
        if (cursor is not null)
        {
            all["nextCursor"] = cursor;
        }

        return JsonElement.Parse(all.ToJsonString());
    }

    /// <summary>Says on standard error that the list goes on.</summary>
    public static void SayWhetherMore(JsonElement rows)
    {
        if (rows.Text("nextCursor") is not null)
        {
            Console.Error.WriteLine($"The newest {rows.Items("items").Count}; there are more (--limit).");
        }
    }
}
