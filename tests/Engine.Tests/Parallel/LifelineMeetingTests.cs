using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using SparseService.Engine.Parallel.Mpi;

namespace SparseService.Engine.Tests.Parallel;

public sealed class LifelineMeetingTests
{
    private const int SecretBytes = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // A rank that stood still for a while takes rank 0's answer for late and comes again: the end that it left is not its lifeline.
    [Fact]
    public async Task Await_GuestThatGivesUpAndComesAgain_IsTiedToTheSecond()
    {
        using var host = LifelineMeeting.Open();
        var awaited = Task.Run(() => host.Await(2, Patience), TestContext.Current.CancellationToken);

        Assert.Equal(SecretBytes, await Answer(host.Invitation, rank: 1));

        await AssertTiesAsync(host, awaited);
    }

    [Fact]
    public async Task Await_GuestWithAnotherSecret_IsShownTheDoor()
    {
        using var host = LifelineMeeting.Open();
        var awaited = Task.Run(() => host.Await(2, Patience), TestContext.Current.CancellationToken);
        var invitation = host.Invitation.ToArray();
        invitation[0] ^= 1;

        Assert.Equal(0, await Answer(invitation, rank: 1));

        await AssertTiesAsync(host, awaited);
    }

    [Fact]
    public void Await_NobodyComes_NamesWhoIsMissing()
    {
        using var host = LifelineMeeting.Open();

        var fault = Assert.Throws<IOException>(() => host.Await(3, TimeSpan.Zero));

        Assert.Equal("Ranks 1, 2 have not connected to rank 0 within 0 s", fault.Message);
    }

    private static async Task AssertTiesAsync(LifelineMeeting host, Task<LifelineEnd[]> awaited)
    {
        using var guest = new LifelineMeeting();
        host.Invitation.CopyTo(guest.Invitation, 0);
        using var there = guest.Join(1, Patience);
        using var here = Assert.Single(await awaited);
        Assert.Equal((0, 1), (there.Rank, here.Rank));
        there.TrySend(LifelineWord.Alive, "from the guest");
        here.TrySend(LifelineWord.Alive, "from rank 0");
        Assert.Equal((LifelineWord.Alive, "from the guest"), await here.HearAsync());
        Assert.Equal((LifelineWord.Alive, "from rank 0"), await there.HearAsync());
    }

    // How much rank 0 answers to a card before this end is closed.
    private static async Task<int> Answer(byte[] invitation, int rank)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, BinaryPrimitives.ReadInt32LittleEndian(invitation.AsSpan(SecretBytes))));
        var card = new byte[SecretBytes + sizeof(int)];
        invitation.AsSpan(0, SecretBytes).CopyTo(card);
        BinaryPrimitives.WriteInt32LittleEndian(card.AsSpan(SecretBytes), rank);
        await socket.SendAsync(card);
        using var stream = new NetworkStream(socket);
        return await stream.ReadAtLeastAsync(new byte[SecretBytes], SecretBytes, throwOnEndOfStream: false);
    }
}
