using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using SparseService.Engine.Training;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace SparseService.Api.OpenApi;

/// <summary>Examples of what is too deep for a comment to hold.</summary>
internal sealed class DescribeExample : ISchemaFilter
{
    private const string Spec =
        """
        {
          "name": "glyphs, Erdős–Rényi",
          "labels": { "team": "vision" },
          "dataset": { "generated": { "kind": "glyphs", "trainSamples": 2000, "testSamples": 600, "seed": 1 } },
          "training": {
            "seed": 1,
            "epochs": 10,
            "batchSize": 64,
            "network": {
              "layers": [784, 300, 10],
              "topology": { "kind": "erdosRenyi", "epsilon": 10 },
              "activation": { "kind": "relu" }
            },
            "optimizer": { "kind": "sgd", "learningRate": 0.01, "momentum": 0.9 },
            "evolution": { "kind": "set", "dropFraction": 0.3 }
          }
        }
        """;

    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema writable)
        {
            return;
        }

        if (context.Type == typeof(RunSpec))
        {
            writable.Examples = [JsonNode.Parse(Spec)!];
        }
        else if (context.Type == typeof(ApiProblem))
        {
            var fault = ApiFault.Of("$.training.epochs", 0, "1 to 100,000");
            writable.Examples = [System.Text.Json.JsonSerializer.SerializeToNode(Refused.BadRequest(fault).Problem, ApiJson.Options)!];
        }
    }
}
