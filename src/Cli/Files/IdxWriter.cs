using System.Buffers.Binary;

namespace SparseService.Cli.Files;

/// <summary>Writes an IDX file of bytes: MNIST's format.</summary>
internal sealed class IdxWriter : IDisposable
{
    private readonly FileStream stream;

    /// <param name="dimensions">The first one counts the rows.</param>
    public IdxWriter(string path, params ReadOnlySpan<int> dimensions)
    {
        stream = File.Create(path);
        stream.Write([0, 0, 8, (byte)dimensions.Length]);
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        foreach (var dimension in dimensions)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes, dimension);
            stream.Write(bytes);
        }
    }

    public void Write(byte value) => stream.WriteByte(value);

    public void Write(ReadOnlySpan<byte> values) => stream.Write(values);

    public void Dispose() => stream.Dispose();
}
