using SparseService.Engine.Training;

namespace SparseService.Api.Tests;

/// <summary>What the schema allows, the service accepts; what it does not allow, the service refuses.</summary>
public sealed class SpecSchemaTests(ServiceFixture service)
{
    private const string Full =
        """
        {
          "name": "n", "dataset": { "generated": { "kind": "glyphs" } },
          "training": {
            "epochs": 100000,
            "network": {
              "layers": [784, 50, 10], "topology": { "density": 0.5 },
              "activation": { "sRelu": { "leftThreshold": -1000, "rightThreshold": 1000 } }
            },
            "optimizer": {}, "schedule": { "stepEpochs": [3] }, "data": {}, "evolution": {}, "pruning": {}, "checkpoints": {},
            "parallel": { "method": "partitioned" }
          }
        }
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Schema_EveryBound_IsTheValidators()
    {
        var schema = await ReadAsync();
        var bounds = Bounds(schema, schema["$defs"]!["RunSpec"]!, "$").ToList();
        Assert.True(bounds.Count >= 60, $"only {bounds.Count} bounds were found");
        foreach (var (path, keyword, bound) in bounds)
        {
            var inward = keyword.EndsWith("inimum", StringComparison.Ordinal) ? 1 : -1;
            var step = IsWhole(schema, path) ? 1 : Math.Max(1e-6, Math.Abs(bound) * 1e-6);
            var (last, first) = keyword.StartsWith("exclusive", StringComparison.Ordinal)
                ? (bound + (inward * step), bound)
                : (bound, bound - (inward * step));
            Assert.True(FaultAt(path, last) is null, $"{path}: {last} is refused, and {keyword} is {bound}");
            Assert.True(FaultAt(path, first) is not null, $"{path}: {first} is accepted, and {keyword} is {bound}");
        }
    }

    [Fact]
    public async Task Schema_OfSpec_KnowsDefaultsChoicesAndWhatMayBeNull()
    {
        var definitions = (await ReadAsync())["$defs"]!;
        Assert.Equal(20.0, (double)definitions["TopologyOptions"]!["properties"]!["epsilon"]!["default"]!);
        Assert.Equal("erdosRenyi", (string?)definitions["TopologyOptions"]!["properties"]!["kind"]!["default"]);
        Assert.Contains("allRelu", definitions["ActivationKind"]!["enum"]!.AsArray().Select(choice => (string?)choice));
        var evolution = definitions["TrainingOptions"]!["properties"]!["evolution"]!;
        Assert.Equal("null", (string?)evolution["oneOf"]![0]!["type"]);
        Assert.Equal("#/$defs/EvolutionOptions", (string?)evolution["oneOf"]![1]!["$ref"]);
        Assert.Null(definitions["RunResponse"]);
    }

    private async Task<JsonNode> ReadAsync()
    {
        var answer = await service.Viewer.GetAsync("/v1/specs/schema", Cancellation);
        Assert.Equal("application/schema+json", answer.Content.Headers.ContentType?.MediaType);
        return await answer.JsonAsync();
    }

    private static IEnumerable<(string Path, string Keyword, double Bound)> Bounds(JsonNode root, JsonNode schema, string path)
    {
        schema = Resolved(root, schema);
        foreach (var keyword in new[] { "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum" })
        {
            if (schema[keyword] is { } bound)
            {
                yield return (path, keyword, (double)bound);
            }
        }

        var inside = (schema["properties"]?.AsObject() ?? []).Select(property => (property.Value!, $"{path}.{property.Key}"));
        (JsonNode, string)[] items = schema["items"] is { } item ? [(item, $"{path}[0]")] : [];
        foreach (var bound in inside.Concat(items).SelectMany(child => Bounds(root, child.Item1, child.Item2)))
        {
            yield return bound;
        }
    }

    private static JsonNode Resolved(JsonNode root, JsonNode schema) =>
        schema["oneOf"] is { } choices ? Resolved(root, choices[1]!)
        : (string?)schema["$ref"] is { } reference ? root["$defs"]![reference["#/$defs/".Length..]]!
        : schema;

    private static bool IsWhole(JsonNode root, string path)
    {
        var node = root["$defs"]!["RunSpec"]!;
        foreach (var name in path.Replace("[0]", ".0", StringComparison.Ordinal).Split('.')[1..])
        {
            node = Resolved(root, node);
            node = name == "0" ? node["items"]! : node["properties"]![name]!;
        }

        return node["type"]!.ToJsonString().Contains("integer", StringComparison.Ordinal);
    }

    /// <summary>What the service says of a value at a path of a spec that is fine otherwise.</summary>
    private static SpecFault? FaultAt(string path, double value)
    {
        var spec = JsonNode.Parse(Full)!;
        if (path.EndsWith("topology.density", StringComparison.Ordinal))
        {
            spec["training"]!["network"]!["topology"]!["kind"] = "uniform";
        }

        var names = path.Replace("[0]", ".0", StringComparison.Ordinal).Split('.')[1..];
        var parent = names[..^1].Aggregate(spec, (node, name) => node[name] ??= new JsonObject());
        var number = value == Math.Floor(value) ? JsonValue.Create((long)value) : JsonValue.Create(value);
        if (parent is JsonArray list)
        {
            list[0] = number;
        }
        else
        {
            parent[names[^1]] = number;
        }

        try
        {
            RunSpecJson.Parse(Encoding.UTF8.GetBytes(spec.ToJsonString()));
            return null;
        }
        catch (InvalidSpecException exception)
        {
            return exception.Faults.FirstOrDefault(fault => fault.Path == path);
        }
    }
}
