namespace SparseService.Persistence.Local;

/// <summary>There is no Postgres server on this machine that could be started; the message says what to install.</summary>
public sealed class PostgresNotFoundException(string message) : Exception(message);
