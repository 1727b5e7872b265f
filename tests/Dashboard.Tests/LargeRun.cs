using System.Globalization;

namespace SparseService.Dashboard.Tests;

/// <summary>A run of 500 epochs and 100,000 step points that goes on: made from a short one, in the database.</summary>
internal static class LargeRun
{
    public const int Epochs = 500;
    public const int StepsPerEpoch = 200;
    public const int LastEvent = Epochs + 3;

    /// <summary>Epochs that have statistics: also those that a test says to have come.</summary>
    private const int WithStatistics = 2 * Epochs + 200;

    private const string Spec =
        """
        {
          "name": "a long run",
          "dataset": { "generated": { "kind": "glyphs", "trainSamples": 600, "testSamples": 200 } },
          "training": { "epochs": 1, "batchSize": 50, "network": { "layers": [784, 600, 600, 10] } }
        }
        """;

    public static async Task<Guid> MakeAsync(LiveApplication service)
    {
        var run = await service.SubmitAsync(Spec);
        await service.WaitAsync(run);
        await service.Database.ExecuteAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                DELETE FROM models WHERE run_id = '{run}';
                DELETE FROM run_events WHERE run_id = '{run}' AND seq > 3;
                DELETE FROM run_metrics WHERE run_id = '{run}';
                UPDATE runs SET state = 'running', model_id = NULL, finished_at = NULL, epochs_total = {4 * Epochs}, epochs_done = {Epochs},
                    steps_done = {Epochs * StepsPerEpoch}, last_event_seq = {LastEvent}, loss = 0.1, test_loss = 0.2, test_accuracy = 0.9,
                    best_test_accuracy = 0.91, lease_owner = 'nobody', lease_expires_at = now() + interval '1 day',
                    started_at = now() - interval '10 minutes'
                WHERE id = '{run}';
                INSERT INTO run_statistics (run_id, epoch, payload)
                SELECT run_id, copy, payload FROM run_statistics, generate_series(2, {WithStatistics}) AS copy
                WHERE run_id = '{run}' AND epoch = 1;
                INSERT INTO run_metrics (run_id, series, step, value)
                SELECT '{run}', 'stepLoss', step, 2 / (1 + step / 5000.0) + 0.2 * random()
                FROM generate_series(1, {Epochs * StepsPerEpoch}) AS step;
                INSERT INTO run_metrics (run_id, series, step, value)
                SELECT '{run}', series, epoch, 0.1 + 2 / (1 + epoch / 25.0) + 0.05 * random()
                FROM generate_series(1, {Epochs}) AS epoch, unnest(ARRAY['loss', 'testLoss', 'trainAccuracy', 'testAccuracy', 'nnz',
                    'density', 'learningRate', 'gradientNorm', 'samplesPerSecond', 'gigaflopsPerSecond', 'workerBytes', 'trainSeconds',
                    'evolutionSeconds', 'testSeconds']) AS series;
                INSERT INTO run_events (run_id, seq, kind, payload, at)
                SELECT '{run}', epoch + 3, 'epoch', json_build_object(
                    'epoch', epoch, 'epochsTotal', {4 * Epochs}, 'step', epoch * {StepsPerEpoch}, 'loss', 0.1,
                    'testLoss', 0.2, 'testAccuracy', 0.9, 'nnz', 50000, 'density', 0.05)::jsonb, now()
                FROM generate_series(1, {Epochs}) AS epoch;
                """));
        return run;
    }
}
