using SparseService.Engine.Kernels;

namespace SparseService.Engine.Tests.Kernels;

public sealed class LargestTests
{
    // Around the width of two registers, of a block, and beyond what 64 shortest blocks hold.
    public static TheoryData<string, int, int> Counts
    {
        get
        {
            var cases = new TheoryData<string, int, int>();
            foreach (var name in Backend.Available)
            {
                foreach (var count in new[] { 1, 7, 31, 32, 33, 63, 64, 65, 16_383, 16_384, 16_385, 1_100_000 })
                {
                    cases.Add(name, count, 0);
                    cases.Add(name, count, count / 2);
                    cases.Add(name, count, count - 1);
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Counts))]
    public void Largest_AtAnyPlaceOfEitherSign_IsFound(string name, int count, int place)
    {
        using var backend = Backend.Create(name, 2);
        using var values = new DeviceBuffer<float>(count + 1);
        values.Clear();
        values.Span[^1] = 100; // Not one of those that are asked for.
        foreach (var largest in new[] { 3f, -4f })
        {
            values.Span[place] = largest;
            Assert.Equal(Math.Abs(largest), backend.Largest(values, count));
        }
    }

    public static TheoryData<string> Backends => [.. Backend.Available];

    [Theory, MemberData(nameof(Backends))]
    public void Largest_OfNone_IsZero(string name)
    {
        using var backend = Backend.Create(name, 1);
        using var values = new DeviceBuffer<float>(4);
        values.Span.Fill(2);
        Assert.Equal(0, backend.Largest(values, 0));
    }
}
