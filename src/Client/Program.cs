using System.CommandLine;
using SparseService.Client;
using SparseService.Client.Verbs;

var root = new RootCommand("Trains truly sparse neural networks on a SparseService: sends data and runs, watches them, fetches models.");
foreach (var verb in ServiceVerbs.All())
{
    root.Add(verb);
}

return await Entry.RunAsync(root, args, _ => null);
