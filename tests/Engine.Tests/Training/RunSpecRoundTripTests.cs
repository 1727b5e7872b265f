using System.Text.Json;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

public sealed class RunSpecRoundTripTests
{
    // The runs table keeps the spec as JSON; what a worker reads must be what was posted.
    [Theory]
    [InlineData("""{ "training": { "network": { "layers": [4, 3, 2] }, "evolution": null } }""", false)]
    [InlineData("""{ "training": { "network": { "layers": [4, 3, 2] } } }""", true)]
    public void Parse_OfAWrittenSpec_KeepsWhetherConnectionsMove(string json, bool evolves)
    {
        var spec = RunSpecJson.Parse(System.Text.Encoding.UTF8.GetBytes(json));
        var again = RunSpecJson.Parse(JsonSerializer.SerializeToUtf8Bytes(spec, RunSpecJson.Options));

        Assert.Equal(evolves, spec.Training.Evolution is not null);
        Assert.Equal(evolves, again.Training.Evolution is not null);
    }
}
