namespace SparseService.Engine.Inference.Challenge;

/// <summary>
/// The inputs of the Sparse DNN Graph Challenge, bit by bit: MNIST's training images made larger by Fourier interpolation, then 0 or 1. All images
/// stand side by side in one picture while they are made larger, so neighbours leak a little into each other; that belongs to the data.
/// </summary>
public static class OfficialInputs
{
    /// <summary>Height and width of an MNIST image.</summary>
    public const int SourceSide = 28;

    // How far above the largest value so far the largest of all may be before rows have to be made again.
    private const double Reserve = 1.2;
    private const int RowsOfByte = 8;

    /// <summary>Whether inputs can be made of so many images, which have to be a product of 2, 3, 5 and 7.</summary>
    public static bool Takes(int images) => FourierTransform.Takes(images);

    /// <summary>Makes the inputs.</summary>
    /// <param name="images">[image, row, column], 28·28 bytes each; the number of images is a product of 2, 3, 5 and 7.</param>
    /// <param name="side">Height and width of an input, a multiple of 8 and at least 28: the square root of the neurons.</param>
    /// <param name="threads">0 = one per processor. Does not change the result.</param>
    /// <returns>An input per image; feature = column·side + row.</returns>
    /// <remarks>Needs 32 bytes · side · images for each thread.</remarks>
    public static BitRows Of(ReadOnlyMemory<byte> images, int side, int threads = 0)
    {
        var count = images.Length / (SourceSide * SourceSide);
        if (count == 0 || count * SourceSide * SourceSide != images.Length)
        {
            throw new ArgumentException($"images has {images.Length} bytes; allowed: a multiple of 28·28, above 0", nameof(images));
        }

        if (side < SourceSide || side % RowsOfByte != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(side), side, "Allowed: multiples of 8, at least 28");
        }

        var result = new BitRows(count, side * side);
        var stretch = new Stretch(SideBySide(images.Span, count), count, side);
        var groups = side / RowsOfByte;

        // From the middle outwards: the largest value is there, so hardly any group has to be made twice.
        var order = Enumerable.Range(0, groups).OrderBy(group => Math.Abs((2 * group) + 1 - groups)).ToArray();
        var done = new Group[groups];
        var largest = 0.0;
        var gate = new object();
        System.Threading.Tasks.Parallel.For(
            0, groups, new ParallelOptions { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads },
            () => new RowBuffers(stretch),
            (index, _, buffers) =>
            {
                var group = Group.Of(buffers, order[index], Volatile.Read(ref largest) / 2);
                lock (gate)
                {
                    largest = Math.Max(largest, group.Largest);
                }

                done[index] = group;
                return buffers;
            },
            _ => { });
        foreach (var group in done)
        {
            var final = group.Allows(largest / 2) ? group : Group.Of(new RowBuffers(stretch), group.Index, largest / 2);
            final.Write(largest / 2, result, side);
        }

        return result;
    }

    // [row, image·28 + column]
    private static byte[] SideBySide(ReadOnlySpan<byte> images, int count)
    {
        var picture = new byte[images.Length];
        for (var image = 0; image < count; image++)
        {
            for (var row = 0; row < SourceSide; row++)
            {
                images.Slice(((image * SourceSide) + row) * SourceSide, SourceSide).CopyTo(
                    picture.AsSpan(((row * count) + image) * SourceSide));
            }
        }

        return picture;
    }

    /// <summary>What all rows need.</summary>
    internal sealed record Stretch(byte[] Picture, int Images, int Side)
    {
        public int SourceLength { get; } = Images * SourceSide;

        public int Length { get; } = Images * Side;

        public FourierTransform Forward { get; } = new(Images * SourceSide);

        public FourierTransform Backward { get; } = new(Images * Side);
    }

    /// <summary>One row of the large picture at a time.</summary>
    internal sealed class RowBuffers(Stretch stretch)
    {
        private double[] real = new double[stretch.Length];
        private double[] imaginary = new double[stretch.Length];
        private double[] realWork = new double[stretch.Length];
        private double[] imaginaryWork = new double[stretch.Length];

        public Stretch Stretch => stretch;

        /// <summary>The values of a row, for all columns of all images; overwritten by the next call.</summary>
        public double[] Row(int row)
        {
            Vertical(row);
            stretch.Forward.Transform(ref real, ref imaginary, ref realWork, ref imaginaryWork);
            Widen(real, stretch);
            Widen(imaginary, stretch);
            stretch.Backward.Transform(ref imaginary, ref real, ref imaginaryWork, ref realWork);
            for (var at = 0; at < stretch.Length; at++)
            {
                real[at] = Math.Sqrt((real[at] * real[at]) + (imaginary[at] * imaginary[at]));
            }

            return real;
        }

        // The frequencies −14 to 13 of a column, summed at the new row's height: a weight for each of the 28 old rows. Scaled for both directions.
        private void Vertical(int row)
        {
            real.AsSpan(0, stretch.SourceLength).Clear();
            imaginary.AsSpan(0, stretch.SourceLength).Clear();
            for (var old = 0; old < SourceSide; old++)
            {
                var (weightR, weightI) = (0.0, 0.0);
                for (var f = -SourceSide / 2; f < SourceSide / 2; f++)
                {
                    var (s, c) = Math.SinCos(2 * Math.PI * f * (((double)row / stretch.Side) - ((double)old / SourceSide)));
                    (weightR, weightI) = (weightR + c, weightI + s);
                }

                var scale = 1.0 / SourceSide / 255 / stretch.SourceLength;
                var pixels = stretch.Picture.AsSpan(old * stretch.SourceLength, stretch.SourceLength);
                for (var at = 0; at < pixels.Length; at++)
                {
                    real[at] += weightR * scale * pixels[at];
                    imaginary[at] += weightI * scale * pixels[at];
                }
            }
        }

        // Frequencies −m/2 to m/2 − 1 of the old length, all others 0.
        private static void Widen(double[] spectrum, Stretch stretch)
        {
            var half = stretch.SourceLength / 2;
            spectrum.AsSpan(half, stretch.SourceLength - half).CopyTo(spectrum.AsSpan(stretch.Length - (stretch.SourceLength - half)));
            spectrum.AsSpan(half, stretch.Length - stretch.SourceLength).Clear();
        }
    }

    /// <summary>Eight rows of the large picture: what is surely 1 whatever the largest value turns out to be, and what is not sure yet.</summary>
    private sealed class Group
    {
        private readonly byte[] sure;
        private readonly List<(int Column, byte Bit, double Value)> unsure = [];
        private double from;
        private double to;

        private Group(int index, int length) => (Index, sure) = (index, new byte[length]);

        public int Index { get; }

        public double Largest { get; private set; }

        /// <param name="threshold">The final one is not smaller.</param>
        public static Group Of(RowBuffers buffers, int index, double threshold)
        {
            var group = new Group(index, buffers.Stretch.Length);
            for (var row = 0; row < RowsOfByte; row++)
            {
                var values = buffers.Row((index * RowsOfByte) + row);
                if (row == 0)
                {
                    group.from = Math.Max(threshold, values.Max() / 2);
                    group.to = group.from * Reserve;
                }

                group.Add(values, (byte)(1 << row));
            }

            return group;
        }

        public bool Allows(double threshold) => threshold <= to;

        public void Write(double threshold, BitRows result, int side)
        {
            foreach (var (column, bit, value) in unsure)
            {
                sure[column] |= value >= threshold ? bit : (byte)0;
            }

            for (var image = 0; image < result.Rows; image++)
            {
                var bytes = result.RowBytes(image);
                for (var column = 0; column < side; column++)
                {
                    bytes[((column * side) / RowsOfByte) + Index] = sure[(image * side) + column];
                }
            }
        }

        private void Add(double[] values, byte bit)
        {
            for (var column = 0; column < sure.Length; column++)
            {
                var value = values[column];
                Largest = Math.Max(Largest, value);
                if (value >= to)
                {
                    sure[column] |= bit;
                }
                else if (value >= from)
                {
                    unsure.Add((column, bit, value));
                }
            }
        }
    }
}
