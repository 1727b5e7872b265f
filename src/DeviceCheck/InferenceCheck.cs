using System.Globalization;
using SparseService.Engine;
using SparseService.Engine.Inference;
using SparseService.Engine.Inference.Challenge;

namespace SparseService.DeviceCheck;

/// <summary>A network of the Graph Challenge on random inputs: the survivors of some of them are held against an exact
/// computation.</summary>
public static class InferenceCheck
{
    private const int Inputs = 60_000;
    private const int Judged = 50;

    /// <param name="devices">That share the inputs.</param>
    public static int Run(TextWriter output, string backend, string neurons, string layers, string devices = "1")
    {
        var network = new ChallengeNetwork(Number(neurons), Number(layers));
        var inputs = Draw(Inputs, network.Neurons);
        using var inference = SparseInference.Create(backend, 0, new InferenceOptions(Devices: Number(devices)));
        var resident = network.Make().ToArray();
        var first = inference.Run(LayerFeed.Of(resident), inputs); // compiles, slices and sends
        var again = inference.Run(LayerFeed.Of(resident), inputs);
        using var feed = LayerFeed.Streaming(network.Make(), network.Layers, network.Neurons);
        var streamed = inference.Run(feed, inputs);

        var judged = Enumerable.Range(0, Judged).Select(row => row * (Inputs / Judged)).ToArray();
        var expected = ExactCategories.Of(() => LayerFeed.Of(resident), Rows(inputs, judged)).Select(place => judged[place]).ToArray();
        var isStable = first.Survivors.SequenceEqual(again.Survivors) && first.Survivors.SequenceEqual(streamed.Survivors);
        var isRight = isStable && expected.SequenceEqual(judged.Intersect(first.Survivors));
        output.WriteLine(
            $"inference {network.Neurons} × {network.Layers} on {inference.Place}: {(isRight ? "right" : "WRONG")}"
            + $" ({expected.Length} of {Judged} judged inputs survive), {first.Survivors.Count} survivors;"
            + " inputs are random, not the challenge's");
        foreach (var (name, result) in new[] { ("first run", first), ("second run", again), ("streamed", streamed) })
        {
            output.WriteLine(
                $"  {name}: {result.Seconds:0.000} s ({result.WaitedSeconds:0.000} s waiting for layers),"
                + $" {network.Work(Inputs) / result.Seconds:E2} challenge edges/s,"
                + $" {result.ExecutedEdges / result.Seconds:E2} executed edges/s");
        }

        Array.ForEach(resident, layer => layer.Dispose());
        return isRight ? 0 : 1;
    }

    // The later an input, the fuller it is: half of them die, sooner or later.
    private static BitRows Draw(int count, int width)
    {
        var random = RandomStream.For(5, RandomPurpose.GeneratedData);
        var inputs = new BitRows(count, width);
        for (var row = 0; row < count; row++)
        {
            foreach (ref var word in inputs.Row(row))
            {
                for (var bit = 0; bit < 64; bit++)
                {
                    word |= random.NextDouble() < 0.5 * row / count ? 1UL << bit : 0;
                }
            }
        }

        return inputs;
    }

    private static BitRows Rows(BitRows inputs, int[] rows)
    {
        var some = new BitRows(rows.Length, inputs.Width);
        for (var place = 0; place < rows.Length; place++)
        {
            inputs.Row(rows[place]).CopyTo(some.Row(place));
        }

        return some;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
