using System.Runtime.InteropServices;

namespace SparseService.Engine.Parallel.Threads;

/// <summary>Messages to one rank that are not received yet, and its receives for which there is no message yet; each in its order.</summary>
internal sealed unsafe class Mailbox(Bell bell) : IDisposable
{
    // A shorter message is copied aside when nobody waits for it, so that its sender goes on; a longer one stays with its sender and is copied once.
    private const long CopiedAsideBytes = 16 << 10;

    private readonly object gate = new();
    private readonly List<Message> arrived = [];
    private readonly List<Message> awaited = [];

    /// <summary>Gives a message to the receive that waits for it, or lists it.</summary>
    /// <returns>Whether the message is done: else it is when it is received.</returns>
    public bool Post(Message message)
    {
        Message? receive;
        lock (gate)
        {
            receive = TakeFirst(awaited, message);
            if (receive is null)
            {
                var aside = message.Bytes <= CopiedAsideBytes;
                arrived.Add(aside ? CopyOf(message) : message);
                message.Mailbox = aside ? null : this;
            }
        }

        if (receive is null)
        {
            bell.Ring();
            return message.Mailbox is null;
        }

        Deliver(message, receive);
        return true;
    }

    /// <summary>Fills the receive with the message that is there for it, or lists it.</summary>
    public void Await(Message receive)
    {
        Message? message;
        lock (gate)
        {
            message = TakeFirst(arrived, receive);
            if (message is null)
            {
                awaited.Add(receive);
                receive.Mailbox = this;
                return;
            }
        }

        Deliver(message, receive);
        if (message.Mailbox is null)
        {
            NativeMemory.Free(message.Memory);
        }
        else
        {
            message.End(default);
        }
    }

    public bool Find(int from, int tag, out Envelope envelope)
    {
        lock (gate)
        {
            foreach (var message in arrived)
            {
                if (message.Fits(from, tag))
                {
                    envelope = new Envelope(message.From, message.Tag, message.Bytes);
                    return true;
                }
            }
        }

        envelope = default;
        return false;
    }

    /// <summary>Takes a message or receive off the list.</summary>
    /// <returns>False when the other side has it already and is about to end it.</returns>
    public bool Withdraw(Message message)
    {
        lock (gate)
        {
            if (!awaited.Remove(message) && !arrived.Remove(message))
            {
                return false;
            }

            message.Mailbox = null;
            return true;
        }
    }

    /// <summary>Frees what nobody will receive. No rank may be at work any more.</summary>
    public void Dispose()
    {
        foreach (var message in arrived.Where(message => message.Mailbox is null))
        {
            NativeMemory.Free(message.Memory);
        }

        arrived.Clear();
    }

    private static Message? TakeFirst(List<Message> list, Message other)
    {
        for (var index = 0; index < list.Count; index++)
        {
            if (list[index].Fits(other))
            {
                var found = list[index];
                list.RemoveAt(index);
                return found;
            }
        }

        return null;
    }

    private static void Deliver(Message message, Message receive)
    {
        var envelope = new Envelope(message.From, message.Tag, message.Bytes);
        Buffer.MemoryCopy(message.Memory, receive.Memory, receive.Bytes, Math.Min(message.Bytes, receive.Bytes));
        receive.End(envelope);
    }

    private Message CopyOf(Message message)
    {
        var memory = (byte*)NativeMemory.Alloc((nuint)Math.Max(1, message.Bytes));
        Buffer.MemoryCopy(message.Memory, memory, message.Bytes, message.Bytes);
        var copy = new Message(bell);
        copy.Begin(memory, message.Bytes, message.From, message.Tag);
        return copy;
    }
}
