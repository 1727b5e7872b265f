#!/bin/sh
# Submits a run to a SparseService, waits for it, holds it to its requirements and fetches its model. Both examples here call it.
# It ends with the exit code of `sparse` (docs/cli.md):
#   0 succeeded   1 failed   2 cancelled   3 timed out   4 requirement missed   5 bad usage or input   6 not reachable or not allowed
#
#   SPARSE_URL, SPARSE_KEY   the service and a key of role submitter: from the secrets of the CI system, never from the repository
#   SPARSE_SPEC              the spec                                        (sparse.json)
#   SPARSE_DATA              folder or file to upload first; what the service has already is not stored twice   (nothing)
#   SPARSE_DATASET           name of the dataset to train on, and of the uploaded one         (the spec's own)
#   SPARSE_REQUIRE           requirements, one a line                        (test_accuracy>=0.85)
#   SPARSE_TIMEOUT           how long to wait; the run is cancelled then     (30m)
#   SPARSE_BUILD             names this build: started again, it waits for the run that it has already   (a new run each time)
#   SPARSE_OUTPUT            folder for run.json and model.safetensors       (sparse-results)
set -eu

if [ -z "${SPARSE_URL:-}" ] || [ -z "${SPARSE_KEY:-}" ]; then
    echo "SPARSE_URL and SPARSE_KEY must be set; the key belongs into the secrets of the CI system." >&2
    exit 5
fi

output=${SPARSE_OUTPUT:-sparse-results}
mkdir -p "$output"

set -- "${SPARSE_SPEC:-sparse.json}" --wait --cancel-on-timeout --timeout "${SPARSE_TIMEOUT:-30m}" --json
if [ -n "${SPARSE_DATASET:-}" ]; then
    set -- "$@" --dataset "$SPARSE_DATASET"
fi
if [ -n "${SPARSE_BUILD:-}" ]; then
    set -- "$@" --idempotency-key "$SPARSE_BUILD" --label "build=$SPARSE_BUILD"
fi
while IFS= read -r requirement; do
    if [ -n "$requirement" ]; then
        set -- "$@" --require "$requirement"
    fi
done <<EOF
${SPARSE_REQUIRE:-test_accuracy>=0.85}
EOF

if [ -n "${SPARSE_DATA:-}" ]; then
    sparse datasets push "$SPARSE_DATA" ${SPARSE_DATASET:+--name "$SPARSE_DATASET"}
fi

# The last line of the log says why a build failed: sparse writes it to standard error.
code=0
sparse runs submit "$@" >"$output/run.json" || code=$?
if [ "$code" -eq 0 ]; then
    model=$(sed -n 's/.*"modelId":"\([^"]*\)".*/\1/p' "$output/run.json")
    sparse models pull "$model" --output "$output/model.safetensors" --force
fi
exit "$code"
