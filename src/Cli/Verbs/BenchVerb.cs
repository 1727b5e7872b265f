using SparseService.Cli.Bench;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse bench</c>: measurements that are committed under <c>benchmarks/results</c>.</summary>
internal sealed class BenchVerb : Verb
{
    public BenchVerb()
        : base("bench", "Measures this machine; without a name, lists what can be measured.", "./sparse bench train-vs-torch")
    {
        Subcommands.Add(new TrainVersusTorch());
        Subcommands.Add(new LiveLatency());
        Subcommands.Add(new KernelBench());
        SetAction(_ =>
        {
            foreach (var benchmark in Subcommands)
            {
                Console.WriteLine($"{benchmark.Name,-20} {benchmark.Description}");
            }
        });
    }
}
