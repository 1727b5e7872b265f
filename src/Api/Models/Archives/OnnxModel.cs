using System.Text;
using System.Text.Json;
using Npgsql;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Formats;
using SparseService.Engine.Training;

namespace SparseService.Api.Models.Archives;

/// <summary>
/// A model as an ONNX graph (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto): from raw rows to probabilities, its weights as sparse
/// initializers. Twelve bytes a connection; what is not connected takes none. Indices are computed while they are sent.
/// </summary>
internal sealed class OnnxModel(NpgsqlDataSource database)
{
    /// <summary>Protocol Buffers take no message that is longer.</summary>
    public const long MostBytes = int.MaxValue;

    private const int IrVersion = 7;
    private const int Opset = 13;
    private const int FloatType = 1;
    private const int Int64Type = 7;

    // Field numbers of onnx.proto.
    private const int NodeField = 1;
    private const int InitializerField = 5;
    private const int SparseInitializerField = 15;

    public Stream Open(Model model)
    {
        var stored = Stored(model);
        var header = SafetensorsHeader.Read(stored);
        var arrays = stored.Position;
        var options = RunSpecJson.Read<TrainingOptions>(Encoding.UTF8.GetBytes(header.Metadata["options"]));
        var widths = options.Network.Layers;
        var graph = new ProtoMessage();
        Node(graph, "Sub", ["rows", "shift"], "centred");
        Node(graph, "Mul", ["centred", "scale"], "layer0");
        for (var layer = 0; layer < widths.Count - 1; layer++)
        {
            var transposed = new ProtoMessage().Text(1, "transB").Number(3, 1).Number(20, 2);
            Node(graph, "Gemm", [$"layer{layer}", $"weights{layer}", $"bias{layer}"], $"sum{layer}", transposed);
            if (layer < widths.Count - 2)
            {
                Activate(graph, Activation.ForHiddenLayer(options.Network.Activation, layer + 1), $"sum{layer}", $"layer{layer + 1}");
            }
        }

        Finish(graph, options.Loss, $"sum{widths.Count - 2}");
        graph.Text(2, "sparse");
        Dense(graph, "shift", Entry("normalization.shift"));
        Dense(graph, "scale", Entry("normalization.scale"));
        for (var layer = 0; layer < widths.Count - 1; layer++)
        {
            Dense(graph, $"bias{layer}", Entry($"layers.{layer}.bias"));
            graph.Message(SparseInitializerField, Sparse(layer));
        }

        foreach (var (name, value) in Constants(options.Network.Activation))
        {
            graph.Message(InitializerField, new ProtoMessage().Number(2, FloatType).Text(8, name).Raw(9, Single(value)));
        }

        graph.Message(11, Value("rows", widths[0])).Message(12, Value("outputs", widths[^1]));
        return new SplicedStream(new ProtoMessage()
            .Number(1, IrVersion)
            .Text(2, "SparseService")
            .Message(7, graph)
            .Message(8, new ProtoMessage().Number(2, Opset))
            .Message(14, new ProtoMessage().Text(1, "classNames").Text(2, JsonSerializer.Serialize(model.ClassNames, ApiJson.Options)))
            .Parts);

        TensorEntry Entry(string name) => header.Entries.Single(entry => entry.Name == name);

        SplicedPart Content(TensorEntry entry) => new SplicedPart.Window(stored, arrays + entry.Start, entry.Bytes);

        void Dense(ProtoMessage target, string name, TensorEntry entry) => target.Message(
            InitializerField,
            new ProtoMessage().Number(1, entry.Shape[0]).Number(2, FloatType).Text(8, name).Raw(9, Content(entry)));

        ProtoMessage Sparse(int layer)
        {
            var (offsets, columns, values) = (
                Entry($"layers.{layer}.rowOffsets"), Entry($"layers.{layer}.columnIndices"), Entry($"layers.{layer}.values"));
            var (rows, nnz) = (offsets.Shape[0] - 1, values.Shape[0]);
            // Streams of their own: each keeps the window that it reads from.
            var indices = new LinearIndices(
                Stored(model), arrays + offsets.Start, rows, Stored(model), arrays + columns.Start, nnz, widths[layer]);
            var places = new SplicedPart.Window(indices, 0, indices.Length);
            return new ProtoMessage()
                .Message(1, new ProtoMessage().Number(1, nnz).Number(2, FloatType).Text(8, $"weights{layer}").Raw(9, Content(values)))
                .Message(2, new ProtoMessage().Number(1, nnz).Number(2, Int64Type).Raw(9, places))
                .Number(3, rows)
                .Number(3, widths[layer]);
        }
    }

    private RangedBlob Stored(Model model) => new(database, model.BlobHash, model.Bytes);

    private static void Node(ProtoMessage graph, string operation, string[] inputs, string output, ProtoMessage? attribute = null)
    {
        var node = new ProtoMessage();
        foreach (var input in inputs)
        {
            node.Text(1, input);
        }

        node.Text(2, output).Text(3, output).Text(4, operation);
        graph.Message(NodeField, attribute is null ? node : node.Message(5, attribute));
    }

    private static void Activate(ProtoMessage graph, Activation activation, string from, string to)
    {
        switch (activation.Kind)
        {
            case ActivationKind.Linear:
                Node(graph, "Identity", [from], to);
                break;
            case ActivationKind.LeakyRelu or ActivationKind.AllRelu:
                Node(graph, "LeakyRelu", [from], to, new ProtoMessage().Text(1, "alpha").Float(2, activation.LeftSlope).Number(20, 1));
                break;
            case ActivationKind.SRelu:
                // The middle, and what lies beyond each threshold times its slope.
                Node(graph, "Clip", [from, "leftThreshold", "rightThreshold"], $"{to}.middle");
                Node(graph, "Sub", [from, $"{to}.middle"], $"{to}.beyond");
                Node(graph, "Relu", [$"{to}.beyond"], $"{to}.right");
                Node(graph, "Sub", [$"{to}.beyond", $"{to}.right"], $"{to}.left");
                Node(graph, "Mul", [$"{to}.right", "rightSlope"], $"{to}.rightPart");
                Node(graph, "Mul", [$"{to}.left", "leftSlope"], $"{to}.leftPart");
                Node(graph, "Add", [$"{to}.middle", $"{to}.rightPart"], $"{to}.upper");
                Node(graph, "Add", [$"{to}.upper", $"{to}.leftPart"], to);
                break;
            default:
                Node(graph, activation.Kind.ToString(), [from], to); // Relu, Tanh and Sigmoid have ONNX's own names.
                break;
        }
    }

    private static void Finish(ProtoMessage graph, LossKind loss, string from)
    {
        switch (loss)
        {
            case LossKind.SoftmaxCrossEntropy:
                Node(graph, "Softmax", [from], "outputs", new ProtoMessage().Text(1, "axis").Number(3, 1).Number(20, 2));
                break;
            case LossKind.BinaryCrossEntropy:
                Node(graph, "Sigmoid", [from], "outputs");
                break;
            default:
                Node(graph, "Identity", [from], "outputs");
                break;
        }
    }

    private static IEnumerable<(string Name, float Value)> Constants(ActivationOptions activation) =>
        activation.Kind != ActivationKind.SRelu
            ? []
            : [
                ("leftThreshold", (float)activation.SRelu.LeftThreshold), ("leftSlope", (float)activation.SRelu.LeftSlope),
                ("rightThreshold", (float)activation.SRelu.RightThreshold), ("rightSlope", (float)activation.SRelu.RightSlope),
            ];

    private static SplicedPart.Bytes Single(float value) => new(BitConverter.GetBytes(value));

    /// <summary>Rows of float32, as many as one likes.</summary>
    private static ProtoMessage Value(string name, int width)
    {
        var shape = new ProtoMessage()
            .Message(1, new ProtoMessage().Text(2, "count"))
            .Message(1, new ProtoMessage().Number(1, width));
        return new ProtoMessage().Text(1, name)
            .Message(2, new ProtoMessage().Message(1, new ProtoMessage().Number(1, FloatType).Message(2, shape)));
    }
}
