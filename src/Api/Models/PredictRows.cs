using System.Runtime.InteropServices;

namespace SparseService.Api.Models;

/// <summary>Rows of a prediction's body, and the answer made of the outputs.</summary>
internal static class PredictRows
{
    public static (float[] Samples, ProblemResult? Refusal) Read(HttpRequest request, byte[] body, Model model, ApiLimits limits)
    {
        var features = model.Features;
        var mostRows = Math.Min(limits.PredictRows, Math.Max(1, limits.PredictOutputs / model.Outputs));
        var isBinary = request.ContentType?.StartsWith(Download.ContentType, StringComparison.OrdinalIgnoreCase) == true;
        var (samples, refusal) = isBinary ? FromBytes(body, features) : FromJson(body, features);
        if (refusal is not null)
        {
            return ([], refusal);
        }

        if (samples.Length == 0 || samples.Length / features > mostRows)
        {
            var count = ApiFault.Of("$.rows", samples.Length / features, $"1 to {mostRows} rows");
            return ([], Refused.Unprocessable("The number of rows is out of range.", count));
        }

        var wrong = Array.FindIndex(samples, value => !float.IsFinite(value));
        if (wrong < 0)
        {
            return (samples, null);
        }

        var fault = ApiFault.Of($"$.rows[{wrong / features}][{wrong % features}]", samples[wrong], "a finite number");
        return ([], Refused.Unprocessable("A value is not a number.", fault));
    }

    public static PredictResponse Answer(Model model, float[] outputs)
    {
        if (model.ClassNames.Count == 0)
        {
            return new PredictResponse { Values = outputs };
        }

        var predictions = new List<Prediction>(outputs.Length / model.Outputs);
        for (var start = 0; start < outputs.Length; start += model.Outputs)
        {
            // One output for two classes is the probability of the second.
            float[] probabilities = model.Outputs == 1 ? [1 - outputs[start], outputs[start]] : outputs[start..(start + model.Outputs)];
            predictions.Add(new Prediction(model.ClassNames[Array.IndexOf(probabilities, probabilities.Max())], probabilities));
        }

        return new PredictResponse { Predictions = predictions };
    }

    private static (float[] Samples, ProblemResult? Refusal) FromBytes(byte[] body, int features)
    {
        var rowBytes = features * sizeof(float);
        return body.Length % rowBytes == 0
            ? (MemoryMarshal.Cast<byte, float>(body).ToArray(), null)
            : ([], Refused.Unprocessable(
                "The body is not a whole number of rows.",
                ApiFault.Of("Content-Length", body.Length, $"a multiple of {rowBytes}: {features} features of 4 bytes for each row")));
    }

    private static (float[] Samples, ProblemResult? Refusal) FromJson(byte[] body, int features)
    {
        var rows = JsonBody.Read<PredictRequest>(body).Rows;
        for (var row = 0; row < rows.Count; row++)
        {
            if (rows[row]?.Length != features)
            {
                return ([], Refused.Unprocessable(
                    "A row has the wrong number of values.",
                    ApiFault.Of(
                        $"$.rows[{row}]", $"{rows[row]?.Length ?? 0} values", $"{features} values, the model's features")));
            }
        }

        return ([.. rows.SelectMany(row => row)], null);
    }
}
