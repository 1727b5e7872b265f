using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SparseService.Engine.Gpu;

/// <summary>Where the libraries of the devices' drivers are. An assembly may say so once only.</summary>
internal static class DriverLibraries
{
#pragma warning disable CA2255 // It must be said before the first call, whichever of the two it is.
    [ModuleInitializer]
#pragma warning restore CA2255
    public static void Register() => NativeLibrary.SetDllImportResolver(typeof(DriverLibraries).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        var file = name switch
        {
            OpenCl.Library => OpenCl.LibraryName,
            Cuda.Library => Cuda.LibraryName,
            _ => null,
        };
        return file is not null && NativeLibrary.TryLoad(file, out var library) ? library : 0;
    }
}
