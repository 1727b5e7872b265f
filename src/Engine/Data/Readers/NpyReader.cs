namespace SparseService.Engine.Data.Readers;

/// <summary>One .npy file per array.</summary>
internal static class NpyReader
{
    public static string Run(ImportJob job) =>
        ArrayImport.Run(job, role => job.Has(role) ? Open(job.Open(role), ImportJob.Name(role)) : null);

    /// <summary>Takes over the stream.</summary>
    public static ArrayFile Open(Stream stream, string role)
    {
        try
        {
            return new ArrayFile(stream, role, NpyHeader.Read(stream, role));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }
}
