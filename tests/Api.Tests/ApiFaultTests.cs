using SparseService.Api.Problems;

namespace SparseService.Api.Tests;

public class ApiFaultTests
{
    [Fact]
    public void Of_NameAndValueOfAnyLength_AreShort()
    {
        var fault = ApiFault.Of("$." + new string('n', 60_000), new string('v', 60_000), "less");
        Assert.Equal((100, 100), (fault.Path.Length, fault.Value.Length));
        Assert.InRange(fault.Message.Length, 200, 300);
        Assert.Equal("$.epochs is 0; allowed: 1 or more", ApiFault.Of("$.epochs", 0, "1 or more").Message);
    }
}
