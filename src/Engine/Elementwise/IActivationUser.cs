namespace SparseService.Engine.Elementwise;

/// <summary>Code that is compiled once for each activation; see <see cref="Activation.Dispatch"/>.</summary>
internal interface IActivationUser
{
    void Use<TActivation>(TActivation activation)
        where TActivation : unmanaged, IActivation;
}
