using System.Runtime.InteropServices;
using System.Text;

namespace SparseService.Engine.Parallel.Mpi;

/// <summary>The functions of Open MPI's <c>libmpi.so.40</c> that are used, and nothing more. Handles are addresses of exports: Open MPI's ABI only.</summary>
internal static unsafe partial class OpenMpi
{
    public const int AnySource = -1;

    private const string Library = "libmpi.so.40";
    private const int CallsOneAtATime = 2; // MPI_THREAD_SERIALIZED
    private const int LongestText = 256; // MPI_MAX_ERROR_STRING

    private static nint library;

    public static nint World { get; private set; }

    public static nint Byte { get; private set; }

    /// <summary>MPI_Init. Once in a process.</summary>
    /// <exception cref="DllNotFoundException">Open MPI is not installed.</exception>
    public static void Start()
    {
        if (!NativeLibrary.TryLoad(Library, out library))
        {
            throw new DllNotFoundException(
                $"{Library} (Open MPI 4) is not on this machine: install it, for example with apt-get install openmpi-bin, or use the transport threads");
        }

        World = NativeLibrary.GetExport(library, "ompi_mpi_comm_world");
        Byte = NativeLibrary.GetExport(library, "ompi_mpi_byte");
        Check(InitThread(null, null, CallsOneAtATime, out _), nameof(InitThread));
        Check(SetErrorHandler(World, NativeLibrary.GetExport(library, "ompi_mpi_errors_return")), nameof(SetErrorHandler));
    }

    /// <summary>A type of so many bytes, for messages whose length does not fit an int. To be freed; a transfer under way may still use it then.</summary>
    public static nint TypeOf(long bytes, int block)
    {
        Check(TypeContiguous(block, Byte, out var blocks), nameof(TypeContiguous));
        int* lengths = stackalloc int[] { checked((int)(bytes / block)), (int)(bytes % block) };
        nint* places = stackalloc nint[] { 0, (nint)(bytes / block * block) };
        nint* types = stackalloc nint[] { blocks, Byte };
        Check(TypeStruct(2, lengths, places, types, out var type), nameof(TypeStruct));
        Check(TypeCommit(ref type), nameof(TypeCommit));
        Check(TypeFree(ref blocks), nameof(TypeFree));
        return type;
    }

    /// <exception cref="MpiException">The code is not that of success.</exception>
    public static void Check(int code, string function)
    {
        if (code != 0)
        {
            var text = stackalloc byte[LongestText];
            var length = 0;
            _ = ErrorString(code, text, ref length);
            throw new MpiException($"MPI, {function}: {Encoding.UTF8.GetString(text, length)}");
        }
    }

    [LibraryImport(Library, EntryPoint = "MPI_Finalize")]
    public static partial int End();

    [LibraryImport(Library, EntryPoint = "MPI_Abort")]
    public static partial int Abort(nint communicator, int code);

    [LibraryImport(Library, EntryPoint = "MPI_Comm_rank")]
    public static partial int Rank(nint communicator, out int rank);

    [LibraryImport(Library, EntryPoint = "MPI_Comm_size")]
    public static partial int Size(nint communicator, out int size);

    [LibraryImport(Library, EntryPoint = "MPI_Isend")]
    public static partial int Send(void* from, int count, nint type, int to, int tag, nint communicator, out nint request);

    [LibraryImport(Library, EntryPoint = "MPI_Irecv")]
    public static partial int Receive(void* into, int count, nint type, int from, int tag, nint communicator, out nint request);

    [LibraryImport(Library, EntryPoint = "MPI_Test")]
    public static partial int Test(ref nint request, out int isDone, out MpiStatus status);

    [LibraryImport(Library, EntryPoint = "MPI_Iprobe")]
    public static partial int Probe(int from, int tag, nint communicator, out int isThere, out MpiStatus status);

    [LibraryImport(Library, EntryPoint = "MPI_Get_elements_x")]
    public static partial int Elements(ref MpiStatus status, nint type, out long count);

    [LibraryImport(Library, EntryPoint = "MPI_Type_free")]
    public static partial int TypeFree(ref nint type);

    [LibraryImport(Library, EntryPoint = "MPI_Init_thread")]
    private static partial int InitThread(int* argc, byte*** argv, int required, out int provided);

    [LibraryImport(Library, EntryPoint = "MPI_Comm_set_errhandler")]
    private static partial int SetErrorHandler(nint communicator, nint handler);

    [LibraryImport(Library, EntryPoint = "MPI_Error_string")]
    private static partial int ErrorString(int code, byte* text, ref int length);

    [LibraryImport(Library, EntryPoint = "MPI_Type_contiguous")]
    private static partial int TypeContiguous(int count, nint of, out nint type);

    [LibraryImport(Library, EntryPoint = "MPI_Type_create_struct")]
    private static partial int TypeStruct(int count, int* lengths, nint* places, nint* types, out nint type);

    [LibraryImport(Library, EntryPoint = "MPI_Type_commit")]
    private static partial int TypeCommit(ref nint type);
}

/// <summary>MPI_Status as Open MPI lays it out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct MpiStatus
{
    public readonly int Source;
    public readonly int Tag;
    public readonly int Error;
    private readonly int cancelled;
    private readonly nuint count;
}

/// <summary>Open MPI refuses a call, or has lost somebody.</summary>
internal sealed class MpiException(string message) : IOException(message);
