using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace SparseService.Engine.Parallel.Mpi;

/// <summary>How the ends of a <see cref="Lifeline"/> come together: rank 0 listens and invites, the others connect and show the invitation's secret.</summary>
internal sealed class LifelineMeeting : IDisposable
{
    // Of the invitation: secret, port, number of addresses, addresses as IPv6 (IPv4 mapped).
    private const int SecretBytes = 16;
    private const int AddressBytes = 16;
    private const int MostAddresses = 32;
    private const int CardBytes = SecretBytes + sizeof(int);

    // A guest's last word: it has read rank 0's answer. Until then it may have given up, and try again.
    private const byte Here = 1;

    private static readonly TimeSpan AttemptTime = TimeSpan.FromSeconds(3);

    private Socket? listener;

    /// <summary>To be given to all ranks; always of the same length.</summary>
    public byte[] Invitation { get; } = new byte[SecretBytes + sizeof(int) + sizeof(int) + (MostAddresses * AddressBytes)];

    private Span<byte> Secret => Invitation.AsSpan(0, SecretBytes);

    /// <summary>On rank 0.</summary>
    public static LifelineMeeting Open()
    {
        var meeting = new LifelineMeeting { listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true } };
        meeting.listener.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        meeting.listener.Listen(1024);
        var addresses = OwnAddresses();
        RandomNumberGenerator.Fill(meeting.Secret);
        var rest = meeting.Invitation.AsSpan(SecretBytes);
        BinaryPrimitives.WriteInt32LittleEndian(rest, ((IPEndPoint)meeting.listener.LocalEndPoint!).Port);
        BinaryPrimitives.WriteInt32LittleEndian(rest[4..], addresses.Count);
        for (var index = 0; index < addresses.Count; index++)
        {
            addresses[index].MapToIPv6().TryWriteBytes(rest[(8 + (index * AddressBytes))..], out _);
        }

        return meeting;
    }

    /// <summary>On rank 0: the connections of all others.</summary>
    /// <exception cref="IOException">Somebody has not come in time.</exception>
    public LifelineEnd[] Await(int ranks, TimeSpan patience)
    {
        using var timer = new CancellationTokenSource(patience);
        var ends = new LifelineEnd?[ranks];
        try
        {
            while (ends.Skip(1).Any(end => end is null))
            {
                var guest = listener!.AcceptAsync(timer.Token).AsTask().GetAwaiter().GetResult();
                if (Recognize(guest, ranks, patience) is { } rank)
                {
                    ends[rank] = new LifelineEnd(guest, rank);
                }
                else
                {
                    guest.Dispose();
                }
            }
        }
        catch (OperationCanceledException)
        {
            var missing = string.Join(", ", Enumerable.Range(1, ranks - 1).Where(rank => ends[rank] is null));
            throw new IOException($"Ranks {missing} have not connected to rank 0 within {patience.TotalSeconds:0} s");
        }

        return ends[1..]!;
    }

    /// <summary>On another rank: the connection to rank 0.</summary>
    /// <exception cref="IOException">None of rank 0's addresses answers.</exception>
    public LifelineEnd Join(int rank, TimeSpan patience)
    {
        using var timer = new CancellationTokenSource(patience);
        var rest = Invitation.AsSpan(SecretBytes).ToArray();
        var port = BinaryPrimitives.ReadInt32LittleEndian(rest);
        var addresses = Enumerable.Range(0, Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(rest.AsSpan(4)), 0, MostAddresses))
            .Select(index => new IPAddress(rest.AsSpan(8 + (index * AddressBytes), AddressBytes))).ToArray();
        while (!timer.IsCancellationRequested)
        {
            foreach (var address in addresses)
            {
                if (Connect(new IPEndPoint(address, port), rank, timer.Token) is { } socket)
                {
                    return new LifelineEnd(socket, 0);
                }
            }
        }

        throw new IOException($"Rank {rank} cannot connect to rank 0 at {string.Join(", ", addresses.Select(Shown))}, port {port}");
    }

    public void Dispose() => listener?.Dispose();

    private static string Shown(IPAddress address) => (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    // Of the way outside first: a loopback address means another machine to everyone else.
    private static List<IPAddress> OwnAddresses() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .Where(card => card.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => !address.IsIPv6LinkLocal)
            .OrderBy(address => (IPAddress.IsLoopback(address), address.AddressFamily == AddressFamily.InterNetworkV6))
            .Take(MostAddresses)
            .ToList();

    private int? Recognize(Socket guest, int ranks, TimeSpan patience)
    {
        Span<byte> card = stackalloc byte[CardBytes];
        try
        {
            guest.ReceiveTimeout = (int)AttemptTime.TotalMilliseconds;
            if (!TryReceive(guest, card))
            {
                return null;
            }

            var rank = BinaryPrimitives.ReadInt32LittleEndian(card[SecretBytes..]);
            if (!CryptographicOperations.FixedTimeEquals(card[..SecretBytes], Secret) || rank <= 0 || rank >= ranks)
            {
                return null;
            }

            guest.Send(Secret);
            guest.ReceiveTimeout = (int)patience.TotalMilliseconds;
            if (!TryReceive(guest, card[..1]) || card[0] != Here)
            {
                return null;
            }

            guest.ReceiveTimeout = 0;
            return rank;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    // False: the other end was closed before.
    private static bool TryReceive(Socket socket, Span<byte> whole)
    {
        while (whole.Length > 0)
        {
            var read = socket.Receive(whole);
            if (read == 0)
            {
                return false;
            }

            whole = whole[read..];
        }

        return true;
    }

    private Socket? Connect(IPEndPoint place, int rank, CancellationToken cancellationToken)
    {
        var socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        try
        {
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timer.CancelAfter(AttemptTime);
            socket.ConnectAsync(place, timer.Token).AsTask().GetAwaiter().GetResult();
            Span<byte> card = stackalloc byte[CardBytes];
            Secret.CopyTo(card);
            BinaryPrimitives.WriteInt32LittleEndian(card[SecretBytes..], rank);
            socket.ReceiveTimeout = (int)AttemptTime.TotalMilliseconds;
            socket.Send(card);
            // Who listens at that port of that address may be somebody else.
            Span<byte> answer = stackalloc byte[SecretBytes];
            if (TryReceive(socket, answer) && CryptographicOperations.FixedTimeEquals(answer, Secret))
            {
                socket.Send([Here]);
                socket.ReceiveTimeout = 0;
                return socket;
            }
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            // The next address, or this one again.
        }

        socket.Dispose();
        return null;
    }
}
