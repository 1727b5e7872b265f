using System.Text;

namespace SparseService.Api.Models.Archives;

/// <summary>
/// A Protocol Buffers message that is written field by field (https://protobuf.dev/programming-guides/encoding). Large fields are parts
/// of other files: they are counted here and read when they are sent.
/// </summary>
internal sealed class ProtoMessage
{
    private const int Varint = 0;
    private const int Lengthy = 2;
    private const int Fixed32 = 5;
    private readonly List<SplicedPart> parts = [];

    public long Length { get; private set; }

    public IReadOnlyList<SplicedPart> Parts => parts;

    public ProtoMessage Number(int field, long value) => Write([.. Tag(field, Varint), .. Bytes((ulong)value)]);

    public ProtoMessage Float(int field, float value) => Write([.. Tag(field, Fixed32), .. BitConverter.GetBytes(value)]);

    public ProtoMessage Text(int field, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Write([.. Tag(field, Lengthy), .. Bytes((ulong)bytes.Length), .. bytes]);
    }

    public ProtoMessage Message(int field, ProtoMessage message)
    {
        Write([.. Tag(field, Lengthy), .. Bytes((ulong)message.Length)]);
        parts.AddRange(message.parts);
        Length += message.Length;
        return this;
    }

    public ProtoMessage Raw(int field, SplicedPart content)
    {
        Write([.. Tag(field, Lengthy), .. Bytes((ulong)content.Length)]);
        parts.Add(content);
        Length += content.Length;
        return this;
    }

    private ProtoMessage Write(byte[] bytes)
    {
        parts.Add(new SplicedPart.Bytes(bytes));
        Length += bytes.Length;
        return this;
    }

    private static byte[] Tag(int field, int wireType) => Bytes(((ulong)field << 3) | (uint)wireType);

    // Seven bits a byte, the lowest first; the highest bit says that there are more.
    private static byte[] Bytes(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }
}
