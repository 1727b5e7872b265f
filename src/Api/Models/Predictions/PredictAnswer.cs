using System.Numerics.Tensors;

namespace SparseService.Api.Models.Predictions;

/// <summary>What outputs say.</summary>
internal static class PredictAnswer
{
    public static PredictResponse Of(Model model, ReadOnlySpan<float> outputs)
    {
        if (model.ClassNames.Count == 0)
        {
            return new PredictResponse { Values = outputs.ToArray() };
        }

        var predictions = new List<Prediction>(outputs.Length / model.Outputs);
        Span<float> two = stackalloc float[2];
        for (var start = 0; start < outputs.Length; start += model.Outputs)
        {
            var probabilities = Probabilities(outputs.Slice(start, model.Outputs), two);
            predictions.Add(new Prediction(model.ClassNames[Likeliest(probabilities)], probabilities.ToArray()));
        }

        return new PredictResponse { Predictions = predictions };
    }

    /// <summary>One output for two classes is the probability of the second.</summary>
    public static ReadOnlySpan<float> Probabilities(ReadOnlySpan<float> outputs, Span<float> two)
    {
        if (outputs.Length > 1)
        {
            return outputs;
        }

        (two[0], two[1]) = (1 - outputs[0], outputs[0]);
        return two;
    }

    public static int Likeliest(ReadOnlySpan<float> probabilities) => TensorPrimitives.IndexOfMax(probabilities);
}
