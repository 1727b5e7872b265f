using System.Numerics;
using System.Runtime.InteropServices;

namespace SparseService.Engine.Inference.Challenge;

/// <summary>
/// The discrete Fourier transform of one length that is a product of 2, 3, 5 and 7, in double precision: Stockham's algorithm, which needs no
/// reordering, radix 4 where it can. X[k] = sum over j of x[j]·exp(−2πi·jk/length), not scaled.
/// </summary>
internal sealed class FourierTransform
{
    private static readonly int[] Radices = [4, 2, 3, 5, 7];
    private static readonly (double[] Cos, double[] Sin)[] Roots =
        [.. Enumerable.Range(0, 8).Select(radix => (Circle(Math.Max(radix, 1), Math.Cos), Circle(Math.Max(radix, 1), Math.Sin)))];

    private readonly List<Pass> passes = [];

    /// <param name="length">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A prime factor above 7.</exception>
    public FourierTransform(int length)
    {
        Length = length;
        var rest = length;
        while (rest > 1)
        {
            var radix = Array.Find(Radices, radix => rest % radix == 0);
            if (radix == 0)
            {
                throw new ArgumentOutOfRangeException(nameof(length), length, "Allowed: products of 2, 3, 5 and 7");
            }

            passes.Add(new Pass(radix, rest, length / rest));
            rest /= radix;
        }
    }

    public int Length { get; }

    /// <summary>Whether there is a transform of this length.</summary>
    public static bool Takes(int length)
    {
        foreach (var radix in Radices)
        {
            while (length > 1 && length % radix == 0)
            {
                length /= radix;
            }
        }

        return length == 1;
    }

    /// <summary>Transforms in place; the work arrays' contents are lost. Real and imaginary part exchanged: the inverse, times length.</summary>
    public void Transform(ref double[] real, ref double[] imaginary, ref double[] realWork, ref double[] imaginaryWork)
    {
        foreach (var pass in passes)
        {
            pass.Run(real, imaginary, realWork, imaginaryWork);
            (real, realWork, imaginary, imaginaryWork) = (realWork, real, imaginaryWork, imaginary);
        }
    }

    private static double[] Circle(int parts, Func<double, double> of) =>
        [.. Enumerable.Range(0, parts).Select(part => of(2 * Math.PI * part / parts))];

    /// <summary>One pass: of blocks of <c>stride</c> numbers that belong together, the radix many that are a fraction of the length apart.</summary>
    private sealed class Pass
    {
        private readonly int radix;
        private readonly int count;
        private readonly int stride;
        private readonly double[] cos;
        private readonly double[] sin;

        public Pass(int radix, int rest, int stride)
        {
            (this.radix, this.stride, count) = (radix, stride, rest / radix);
            (cos, sin) = (new double[rest], new double[rest]);
            for (var p = 0; p < count; p++)
            {
                for (var k = 0; k < radix; k++)
                {
                    var (s, c) = Math.SinCos(-2 * Math.PI * ((long)p * k % rest) / rest);
                    (cos[(p * radix) + k], sin[(p * radix) + k]) = (c, s);
                }
            }
        }

        public void Run(double[] xr, double[] xi, double[] yr, double[] yi)
        {
            var lanes = Vector<double>.Count;
            Span<double> workReal = stackalloc double[7 * lanes];
            Span<double> workImaginary = stackalloc double[7 * lanes];
            var a = MemoryMarshal.Cast<double, Vector<double>>(workReal);
            var b = MemoryMarshal.Cast<double, Vector<double>>(workImaginary);
            for (var p = 0; p < count; p++)
            {
                var (from, to) = (p * stride, p * radix * stride);
                var q = 0;
                for (; q + lanes <= stride; q += lanes)
                {
                    for (var j = 0; j < radix; j++)
                    {
                        var at = from + (j * count * stride) + q;
                        (a[j], b[j]) = (new Vector<double>(xr, at), new Vector<double>(xi, at));
                    }

                    Butterfly(a, b);
                    for (var k = 0; k < radix; k++)
                    {
                        var (c, s) = (new Vector<double>(cos[(p * radix) + k]), new Vector<double>(sin[(p * radix) + k]));
                        ((a[k] * c) - (b[k] * s)).CopyTo(yr, to + (k * stride) + q);
                        ((a[k] * s) + (b[k] * c)).CopyTo(yi, to + (k * stride) + q);
                    }
                }

                for (; q < stride; q++)
                {
                    One(p, from + q, to + q, (xr, xi), (yr, yi), workReal, workImaginary);
                }
            }
        }

        private void One(
            int p, int from, int to, (double[] Real, double[] Imaginary) x, (double[] Real, double[] Imaginary) y, Span<double> a, Span<double> b)
        {
            // The first lane of each vector; the others are computed and not used.
            var lanes = Vector<double>.Count;
            for (var j = 0; j < radix; j++)
            {
                (a[j * lanes], b[j * lanes]) = (x.Real[from + (j * count * stride)], x.Imaginary[from + (j * count * stride)]);
            }

            Butterfly(MemoryMarshal.Cast<double, Vector<double>>(a), MemoryMarshal.Cast<double, Vector<double>>(b));
            for (var k = 0; k < radix; k++)
            {
                var (c, s, real, imaginary) = (cos[(p * radix) + k], sin[(p * radix) + k], a[k * lanes], b[k * lanes]);
                y.Real[to + (k * stride)] = (real * c) - (imaginary * s);
                y.Imaginary[to + (k * stride)] = (real * s) + (imaginary * c);
            }
        }

        // The transform of radix many numbers, in place.
        private void Butterfly(Span<Vector<double>> a, Span<Vector<double>> b)
        {
            switch (radix)
            {
                case 2:
                    (a[0], b[0], a[1], b[1]) = (a[0] + a[1], b[0] + b[1], a[0] - a[1], b[0] - b[1]);
                    break;
                case 4:
                    var (sumR, sumI, differenceR, differenceI) = (a[0] + a[2], b[0] + b[2], a[0] - a[2], b[0] - b[2]);
                    var (oddR, oddI, turnR, turnI) = (a[1] + a[3], b[1] + b[3], b[1] - b[3], a[3] - a[1]); // turn = −i·(x1 − x3)
                    (a[0], b[0], a[2], b[2]) = (sumR + oddR, sumI + oddI, sumR - oddR, sumI - oddI);
                    (a[1], b[1], a[3], b[3]) = (differenceR + turnR, differenceI + turnI, differenceR - turnR, differenceI - turnI);
                    break;
                default:
                    Odd(a, b);
                    break;
            }
        }

        // Outputs k and radix − k share the sums and differences of the inputs j and radix − j.
        private void Odd(Span<Vector<double>> a, Span<Vector<double>> b)
        {
            var half = radix / 2;
            var (firstR, firstI) = (a[0], b[0]);
            for (var j = 1; j <= half; j++)
            {
                (a[j], a[radix - j]) = (a[j] + a[radix - j], a[j] - a[radix - j]);
                (b[j], b[radix - j]) = (b[j] + b[radix - j], b[j] - b[radix - j]);
                (a[0], b[0]) = (a[0] + a[j], b[0] + b[j]);
            }

            Span<Vector<double>> outR = stackalloc Vector<double>[7];
            Span<Vector<double>> outI = stackalloc Vector<double>[7];
            for (var k = 1; k <= half; k++)
            {
                var (evenR, evenI, oddR, oddI) = (firstR, firstI, Vector<double>.Zero, Vector<double>.Zero);
                for (var j = 1; j <= half; j++)
                {
                    var (c, s) = (Roots[radix].Cos[j * k % radix], Roots[radix].Sin[j * k % radix]);
                    (evenR, evenI) = (evenR + (c * a[j]), evenI + (c * b[j]));
                    (oddR, oddI) = (oddR + (s * b[radix - j]), oddI - (s * a[radix - j]));
                }

                (outR[k], outI[k]) = (evenR + oddR, evenI + oddI);
                (outR[radix - k], outI[radix - k]) = (evenR - oddR, evenI - oddI);
            }

            outR[1..radix].CopyTo(a[1..]);
            outI[1..radix].CopyTo(b[1..]);
        }
    }
}
