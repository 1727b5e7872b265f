using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>A gradient that waits to be applied, on its way to another rank.</summary>
internal static unsafe class GradientTransfer
{
    public static void Send(ICommunicator ranks, NetworkGradient gradient, int to)
    {
        *(long*)gradient.Pointer = gradient.Stamp;
        Carry(ranks.BeginSend(gradient.Pointer, gradient.Layout.Length * sizeof(float), to, Tags.Gradient));
        fixed (double* sums = gradient.Sums.State)
        {
            Carry(ranks.BeginSend(sums, gradient.Sums.State.Length * sizeof(double), to, Tags.Values));
        }

        void Carry(Transfer transfer) => ranks.Wait(ref transfer);
    }

    /// <param name="network">Of the pattern that the gradient is of.</param>
    public static NetworkGradient Receive(ICommunicator ranks, SparseNetwork network, int from)
    {
        var gradient = new NetworkGradient(network) { IsHeld = true };
        Carry(ranks.BeginReceive(gradient.Pointer, gradient.Layout.Length * sizeof(float), from, Tags.Gradient));
        fixed (double* sums = gradient.Sums.State)
        {
            Carry(ranks.BeginReceive(sums, gradient.Sums.State.Length * sizeof(double), from, Tags.Values));
        }

        gradient.Stamp = *(long*)gradient.Pointer;
        return gradient;

        void Carry(Transfer transfer) => ranks.Wait(ref transfer);
    }
}
