using Hangfire.Logging;
using Level = Hangfire.Logging.LogLevel;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace SparseService.Jobs.Hangfire;

/// <summary>
/// Hangfire's log, which is one for all hosts of a process: a logger that outlives its host keeps quiet, where a factory would throw.
/// </summary>
internal sealed class HangfireLog(ILogger logger) : ILogProvider, ILog
{
    public ILog GetLogger(string name) => this;

    public bool Log(Level logLevel, Func<string>? messageFunc, Exception? exception = null)
    {
        // Both count alike. What it finds worth mentioning about itself is not so to whoever reads the log of the service.
        var level = logLevel == Level.Info ? LogLevel.Debug : (LogLevel)logLevel;
        if (messageFunc is not null && logger.IsEnabled(level))
        {
            logger.Log(level, exception, "{Message}", messageFunc());
        }

        return logger.IsEnabled(level);
    }
}
