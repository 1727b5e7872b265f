using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Topologies;

/// <summary>A partition report (the answer of <c>POST /v1/topologies/partition</c>) for people.</summary>
internal static class PartitionTable
{
    public static void Write(JsonElement report)
    {
        var partitions = report.Items("partitions").ToList();
        var chosen = partitions[0];
        var table = new Table(">layer", ">inputs", ">outputs", ">connections", ">words", ">messages", ">most sent", ">imbalance");
        foreach (var layer in chosen.Items("layers"))
        {
            table.Add(
                $"{layer.Whole("layer")}", Words.Count(layer.Number("inputs")), Words.Count(layer.Number("outputs")),
                Words.Count(layer.Number("nnz")), Words.Count(layer.Number("words")), Words.Count(layer.Number("messages")),
                Words.Count(layer.Number("largestSender")), Words.Share(layer.Number("imbalance")));
        }

        table.Write();
        Console.WriteLine();
        var all = new Table(
            $"in {report.Whole("parts")} parts", ">words", ">of random", ">messages", ">most sent", ">imbalance", ">seconds");
        var random = partitions.First(partition => partition.Text("kind") == "random").Number("words");
        foreach (var partition in partitions)
        {
            all.Add(
                partition.Text("kind") ?? "-", Words.Count(partition.Number("words")),
                random > 0 ? Words.Share(partition.Number("words") / random) : "-", Words.Count(partition.Number("messages")),
                Words.Count(partition.Number("largestSender")), Words.Share(partition.Number("imbalance")),
                $"{partition.Number("seconds"):0.00}");
        }

        all.Write();
        Console.WriteLine();
        Console.WriteLine(
            "Words and messages per sample and direction; backward the same travel back. The first layer reads the data and needs none.");
    }
}
