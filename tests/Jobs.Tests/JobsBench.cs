using System.Globalization;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using SparseService.Engine;
using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;
using SparseService.Jobs.Commands;
using SparseService.Jobs.Events;
using SparseService.Jobs.Hosting;
using SparseService.Jobs.Queue;
using SparseService.Jobs.Training;
using SparseService.Persistence;
using SparseService.Persistence.Blobs;
using SparseService.Persistence.Entities;
using SparseService.Shared;
using Xunit;

[assembly: AssemblyFixture(typeof(ThrowAwayPostgresFixture))]

namespace SparseService.Jobs.Tests;

/// <summary>A database with one small dataset, and the parts of a worker to work on it.</summary>
internal sealed class JobsBench : IAsyncDisposable
{
    public const int Features = 20;

    private static readonly Lazy<string> SharedStore = new(WriteStore);

    private readonly List<ServiceProvider> workers = [];

    private JobsBench(TestDatabase database, string queue)
    {
        Queue = queue;
        Database = database;
        Folder = Directory.CreateTempSubdirectory("sparse-jobs-").FullName;
        Commands = new RunCommands(database.DataSource);
    }

    /// <summary>The kind of queue that <see cref="WorkAsync"/> and worker processes take runs from.</summary>
    public string Queue { get; }

    public TestDatabase Database { get; }

    public string Folder { get; }

    public RunCommands Commands { get; }

    public Guid OwnerId { get; } = Guid.CreateVersion7();

    public Guid DatasetId { get; private set; }

    public static async Task<JobsBench> CreateAsync(ThrowAwayPostgres? postgres = null, string queue = RunQueues.Builtin)
    {
        QueueKinds.Require(queue);
        postgres ??= await ThrowAwayPostgres.GetAsync();
        var bench = new JobsBench(await postgres.CreateDatabaseAsync(), queue);
        await bench.AddDatasetAsync();
        return bench;
    }

    /// <summary>A spec whose epochs take milliseconds (small) or long enough to be interrupted (not small).</summary>
    public static TrainingOptions Options(int epochs, bool small = true, int checkpointEvery = 1) => new()
    {
        Epochs = epochs,
        BatchSize = small ? 64 : 4,
        Network = new NetworkOptions
        {
            Layers = small ? [Features, 16, 2] : [Features, 80, 80, 2],
            Topology = new TopologyOptions { Epsilon = 5 },
        },
        Dropout = 0.2,
        Optimizer = new OptimizerOptions { LearningRate = 0.001 },
        Checkpoints = new CheckpointOptions { EveryEpochs = checkpointEvery },
    };

    /// <summary>The model of a training that nothing ever interrupted.</summary>
    public static byte[] TrainUndisturbed(TrainingOptions options)
    {
        using var data = SampleStore.Open(SharedStore.Value);
        using var backend = Backend.Create(threads: 1);
        using var trainer = Trainer.Create(options, data, backend);
        while (!trainer.IsFinished)
        {
            trainer.TrainEpoch();
        }

        using var model = new MemoryStream();
        trainer.WriteModel(model);
        return model.ToArray();
    }

    public NewRun NewRun(TrainingOptions options, Guid? forkFrom = null) => new()
    {
        OwnerId = OwnerId,
        DatasetId = DatasetId,
        Spec = new RunSpec { Dataset = new DatasetReference { Id = DatasetId }, Training = options },
        ForkFromCheckpointId = forkFrom,
    };

    public async Task<Guid> CreateRunAsync(TrainingOptions options, Guid? forkFrom = null)
    {
        var result = await Commands.CreateAsync(NewRun(options, forkFrom));
        return result.Outcome == CreateRunOutcome.Created ? result.RunId : throw new InvalidOperationException(result.Outcome.ToString());
    }

    /// <summary>The services of a worker process, without its background loops.</summary>
    public ServiceProvider Worker(int leaseSeconds = 30, Dictionary<string, string?>? settings = null, TimeProvider? time = null)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(Settings(leaseSeconds, settings)).Build();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddSparsePersistence(Database.ConnectionString);
        services.AddSparseJobs();
        services.AddSparseWorker(configuration);
        var worker = services.BuildServiceProvider();
        workers.Add(worker);
        return worker;
    }

    /// <summary>The configuration of a worker.</summary>
    public Dictionary<string, string?> Settings(int leaseSeconds = 30, Dictionary<string, string?>? more = null) => new(more ?? [])
    {
        ["Worker:LeaseSeconds"] = leaseSeconds.ToString(CultureInfo.InvariantCulture),
        ["Worker:CachePath"] = Path.Combine(Folder, "cache"),
        ["Worker:Threads"] = "1",
        ["Worker:RetrySeconds"] = "0.01",
        ["Worker:PollSeconds"] = "0.1",
    };

    /// <summary>Works on a run in this process until it ends one way or another.</summary>
    public async Task<RunOutcome> WorkAsync(Guid runId, CancellationToken stopping = default) =>
        Queue == RunQueues.Hangfire ? await Delivery.WorkAsync(this, runId, stopping) : await Job().ExecuteAsync(runId, stopping);

    /// <summary>Works on a run as if its worker had not been heard of for long, although it works.</summary>
    /// <param name="hold">Keeps the first worker from the end of the run; disposed when the second one has it.</param>
    public async Task<RunOutcome> TakeOverAsync(Guid runId, RecordHold hold)
    {
        var attempt = (await RunAsync(runId)).Attempt;
        var second = ClaimFromLivingAsync(runId);
        await WaitForAsync($"attempt > {attempt}", runId);
        await hold.DisposeAsync();
        return await second;
    }

    public TrainRunJob Job(int leaseSeconds = 30) => Worker(leaseSeconds).GetRequiredService<TrainRunJob>();

    /// <summary>Gives a command and rings, as the listener of a whole worker process would.</summary>
    public async Task<CommandResult> CommandAsync(RunCommand command, Guid runId)
    {
        var result = await Commands.ApplyAsync(command, runId);
        foreach (var worker in workers)
        {
            worker.GetRequiredService<LiveLeases>().Poke(runId);
        }

        return result;
    }

    public async Task<TrainingRun> RunAsync(Guid runId)
    {
        await using var db = Database.OpenContext();
        return (await db.Runs.FindAsync(runId))!;
    }

    public Task WaitForAsync(string condition, Guid runId, int seconds = 60) => WaitAsync(
        async () => await Database.ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM runs WHERE id = '{runId}' AND ({condition}))"),
        $"{condition} of run {runId}",
        seconds);

    public static async Task WaitAsync(Func<Task<bool>> condition, string what, int seconds = 60)
    {
        for (var waited = 0; !await condition(); waited++)
        {
            if (waited >= seconds * 50)
            {
                throw new TimeoutException($"Waited {seconds} s for {what}");
            }

            await Task.Delay(20);
        }
    }

    public Task ExpireLeaseAsync(Guid runId) =>
        Database.ExecuteAsync($"UPDATE runs SET lease_expires_at = now() - interval '1 second' WHERE id = '{runId}'");

    public async Task<byte[]> ModelBytesAsync(Guid runId)
    {
        var hash = await Database.ScalarAsync<string>($"SELECT blob_hash FROM models WHERE run_id = '{runId}'");
        await using var stream = await new BlobStore(Database.DataSource).OpenAsync(hash);
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in workers)
        {
            await worker.DisposeAsync();
        }

        await Database.DisposeAsync();
        Directory.Delete(Folder, true);
    }

    private async Task<RunOutcome> ClaimFromLivingAsync(Guid runId)
    {
        var outcome = RunOutcome.NotClaimed;
        // A claim passes over a row that the first worker's transaction has locked at this very moment.
        await WaitAsync(
            async () =>
            {
                await ExpireLeaseAsync(runId);
                return (outcome = await WorkAsync(runId)) != RunOutcome.NotClaimed;
            },
            $"run {runId} to be claimed");
        return outcome;
    }

    private static string WriteStore()
    {
        var folder = Directory.CreateTempSubdirectory("sparse-jobs-data-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, true);
        var path = Path.Combine(folder, "data.store");
        var random = RandomStream.For(1, RandomPurpose.GeneratedData);
        var csv = new StringBuilder();
        for (var row = 0; row < 1000; row++)
        {
            var label = row % 2;
            for (var feature = 0; feature < Features; feature++)
            {
                csv.Append(CultureInfo.InvariantCulture, $"{random.NextNormal() + (feature < 4 ? label : 0):R},");
            }

            csv.Append(CultureInfo.InvariantCulture, $"{label}\n");
        }

        var files = new Dictionary<DatasetFileRole, Func<Stream>>
        {
            [DatasetFileRole.Train] = () => new MemoryStream(Encoding.UTF8.GetBytes(csv.ToString())),
        };
        DatasetImport.ToStore(new DatasetImportOptions { Format = DatasetFormat.Csv }, files, path, new DatasetLimits());
        return path;
    }

    private async Task AddDatasetAsync()
    {
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var blob = await BlobStore.WriteFileAsync(connection, SharedStore.Value);
        DatasetId = Guid.CreateVersion7();
        await using var insert = new NpgsqlCommand(
            """
            INSERT INTO datasets (id, owner_id, name, version, content_hash, bytes, rows, train_rows, features, classes, class_names, class_counts)
            VALUES (@id, @owner, 'two clouds', 1, @hash, @bytes, 1000, 1000, 20, 2, '{0,1}', '{500,500}')
            """,
            connection);
        insert.Parameters.AddWithValue("id", DatasetId);
        insert.Parameters.AddWithValue("owner", OwnerId);
        insert.Parameters.AddWithValue("hash", blob.Hash);
        insert.Parameters.AddWithValue("bytes", blob.Bytes);
        await insert.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }
}
