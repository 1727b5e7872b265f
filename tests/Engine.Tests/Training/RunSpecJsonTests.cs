using System.Text;
using System.Text.Json;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

public sealed class RunSpecJsonTests
{
    private const string Good =
        """{"name":"n","labels":{"team":"a"},"dataset":{"name":"d"},"training":{"epochs":2,"network":{"layers":[4,8,3]},"optimizer":{"kind":"adam"}}}""";

    // The spec, the path that the fault must name, and a part of what it says is allowed.
    public static TheoryData<string, string, string> Bad => new()
    {
        { "", "$", "JSON" },
        { "null", "$", "object" },
        { """{"\ud800":1}""", "$", "Unicode" },
        { "[]", "$", "object" },
        { """{"training":{"network":{"layers":[4,3]}}} x""", "$", "JSON" },
        { """{"training":{"network":{"layers":[4,3]}},"training":{}}""", "$", "once" },
        { """{}""", "$.training", "object" },
        { """{"training":null}""", "$.training", "object" },
        { """{"training":{}}""", "$.training.network", "object" },
        { """{"training":{"network":{}}}""", "$.training.network.layers", "array" },
        { """{"training":{"network":{"layers":[4,3]}},"tenantId":1}""", "$.tenantId", "training" },
        { """{"training":{"network":{"layers":[4,3]},"learningRate":1}}""", "$.training.learningRate", "optimizer" },
        { """{"training":{"network":{"layers":"4-3"}}}""", "$.training.network.layers", "array" },
        { """{"training":{"network":{"layers":[4,"3"]}}}""", "$.training.network.layers[1]", "whole number" },
        { """{"training":{"network":{"layers":[4,3.5]}}}""", "$.training.network.layers[1]", "whole number" },
        { """{"training":{"network":{"layers":[4,null]}}}""", "$.training.network.layers[1]", "whole number" },
        { """{"training":{"network":{"layers":[4,99999999999]}}}""", "$.training.network.layers[1]", "whole number" },
        { """{"training":{"network":{"layers":[4]}}}""", "$.training.network.layers", "2 to 64" },
        { """{"training":{"network":{"layers":[4,0,3]}}}""", "$.training.network.layers[1]", "1 to 100000000" },
        { """{"training":{"network":{"layers":[1000000,1000000,3],"topology":{"kind":"uniform","density":1}}}}""", "$.training.network.layers[1]", "2000000000" },
        { """{"training":{"network":{"layers":[100000000,90071993,3],"topology":{"epsilon":1}}}}""", "$.training.network.layers[1]", "at most 90071992 behind" },
        { """{"training":{"network":{"layers":[4,3],"topology":{"kind":"dense"}}}}""", "$.training.network.topology.kind", "erdosRenyi" },
        { """{"training":{"network":{"layers":[4,3],"topology":{"kind":0}}}}""", "$.training.network.topology.kind", "erdosRenyi" },
        { """{"training":{"network":{"layers":[4,3],"topology":{"kind":"uniform"}}}}""", "$.training.network.topology.density", "at most 1" },
        { """{"training":{"network":{"layers":[4,3],"topology":{"epsilon":-1}}}}""", "$.training.network.topology.epsilon", "above 0" },
        { """{"training":{"network":{"layers":[4,3],"topology":{"kind":"edges"}}}}""", "$.training.network.topology.edges", "1 lists" },
        { """{"training":{"network":{"layers":[4,3],"topology":{"kind":"edges","edges":[[[0,0],[4,0]]]}}}}""", "$.training.network.topology.edges[0][1]", "0 to 3" },
        { """{"training":{"network":{"layers":[4,3],"topology":{"kind":"edges","edges":[[[0,0],[0,0]]]}}}}""", "$.training.network.topology.edges[0][1]", "once" },
        { """{"training":{"network":{"layers":[4,3],"topology":{"kind":"edges","edges":[[]]}}}}""", "$.training.network.topology.edges[0]", "at least one" },
        { """{"training":{"network":{"layers":[4,3]},"epochs":0}}""", "$.training.epochs", "1 to 100000" },
        { """{"training":{"network":{"layers":[4,3]},"batchSize":1000000}}""", "$.training.batchSize", "1 to 65536" },
        { """{"training":{"network":{"layers":[4,3]},"dropout":1}}""", "$.training.dropout", "0 to 0.95" },
        { """{"training":{"network":{"layers":[4,3]},"seed":-1}}""", "$.training.seed", "from 0" },
        { """{"training":{"network":{"layers":[4,3]},"optimizer":{"learningRate":0}}}""", "$.training.optimizer.learningRate", "above 0" },
        { """{"training":{"network":{"layers":[4,3]},"optimizer":{"learningRate":"fast"}}}""", "$.training.optimizer.learningRate", "number" },
        { """{"training":{"network":{"layers":[4,3]},"optimizer":null}}""", "$.training.optimizer", "object" },
        { """{"training":{"network":{"layers":[4,3]},"evolution":{"dropFraction":1}}}""", "$.training.evolution.dropFraction", "below 1" },
        { """{"training":{"network":{"layers":[4,3]},"schedule":{"stepEpochs":[5,5]}}}""", "$.training.schedule.stepEpochs[1]", "above 5" },
        { """{"training":{"network":{"layers":[4,3]},"schedule":{"warmupEpochs":10}}}""", "$.training.schedule.warmupEpochs", "0 to 9" },
        { """{"training":{"network":{"layers":[4,3]},"pruning":{"percentile":100}}}""", "$.training.pruning.percentile", "below 100" },
        { """{"training":{"network":{"layers":[4,3]},"checkpoints":{"keep":0}}}""", "$.training.checkpoints.keep", "1 to 1000" },
        { """{"training":{"network":{"layers":[4,3]},"data":{"testShare":1}}}""", "$.training.data.testShare", "below 1" },
        { """{"training":{"network":{"layers":[4,3]}},"name":""}""", "$.name", "200" },
        { """{"training":{"network":{"layers":[4,3]}},"labels":{"":"x"}}""", "$.labels.", "63" },
        { """{"training":{"network":{"layers":[4,3]}},"labels":{"a":1}}""", "$.labels.a", "string" },
        { """{"training":{"network":{"layers":[4,3]}},"dataset":{}}""", "$.dataset", "exactly one" },
        { """{"training":{"network":{"layers":[4,3]}},"dataset":{"id":"7"}}""", "$.dataset.id", "id such as" },
        { """{"training":{"network":{"layers":[4,3]}},"dataset":{"generated":{"kind":"glyphs","trainSamples":0}}}""", "$.dataset.generated.trainSamples", "1 to" },
    };

    [Fact]
    public void Parse_GoodSpec_RoundTrips()
    {
        var spec = RunSpecJson.Parse(Encoding.UTF8.GetBytes(Good));
        Assert.Equal([4, 8, 3], spec.Training.Network.Layers);
        Assert.Equal(OptimizerKind.Adam, spec.Training.Optimizer.Kind);
        Assert.Equal(0.3, spec.Training.Evolution!.DropFraction); // default
        var again = JsonSerializer.Serialize(spec, RunSpecJson.Options);
        Assert.Equal(again, JsonSerializer.Serialize(RunSpecJson.Parse(Encoding.UTF8.GetBytes(again)), RunSpecJson.Options));
    }

    [Theory, MemberData(nameof(Bad))]
    public void Parse_BadSpec_NamesPathAndWhatIsAllowed(string json, string path, string allowed)
    {
        var exception = Assert.Throws<InvalidSpecException>(() => RunSpecJson.Parse(Encoding.UTF8.GetBytes(json)));
        var fault = Assert.Single(exception.Faults);
        Assert.Equal(path, fault.Path);
        Assert.Contains(allowed, fault.Allowed, StringComparison.Ordinal);
        Assert.NotEmpty(fault.Value);
    }

    [Fact]
    public void Parse_ManyFaults_ListsEach()
    {
        var json = """{"name":5,"x":1,"training":{"epochs":"a","network":{"layers":[1,2],"weights":"zero"}}}""";
        var exception = Assert.Throws<InvalidSpecException>(() => RunSpecJson.Parse(Encoding.UTF8.GetBytes(json)));
        Assert.Equal(["$.name", "$.x", "$.training.epochs", "$.training.network.weights"], exception.Faults.Select(fault => fault.Path));
    }

    [Fact]
    public void Parse_TenToTheTwelveParameters_IsRefusedCheaply()
    {
        var json = Encoding.UTF8.GetBytes("""{"training":{"network":{"layers":[1000000,1000000,2],"topology":{"kind":"uniform","density":1}}}}""");
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidSpecException>(() => RunSpecJson.Parse(json));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10 << 20);
    }
}
