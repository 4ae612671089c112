#!/bin/bash
# A study on SLURM: one job holds the scheduler, the workers and the study itself. docs/clusters.md tells the details.
#   sbatch --export=ALL,COHORT=/shared/COHORT,OUT=/shared/OUT Resources/Cluster/slurm.sh --methods quickshear,surface_blur
#SBATCH --job-name=deface-compare
#SBATCH --ntasks=32
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=3G
#SBATCH --time=04:00:00
#SBATCH --output=deface-compare-%j.log
set -euo pipefail
: "${COHORT:?the folder of the patients}" "${OUT:?the output folder}"
if [ -n "${VENV:-}" ]; then source "$VENV/bin/activate"; fi
export OPENBLAS_NUM_THREADS=1
mkdir -p "$OUT"
FILE="$OUT/.dask-${SLURM_JOB_ID:-$$}.json"
trap 'kill $(jobs -p) 2>/dev/null; rm -f "$FILE"' EXIT

dask scheduler --scheduler-file "$FILE" --port 0 --no-dashboard &
srun --overlap dask worker --scheduler-file "$FILE" --nthreads 1 --nworkers 1 --memory-limit 3GB --no-dashboard \
  --local-directory "${TMPDIR:-/tmp}" --death-timeout 120 &
until [ -s "$FILE" ]; do sleep 1; done
ADDRESS=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["address"])' "$FILE")
deface-compare study "$COHORT" --out "$OUT" --scheduler "$ADDRESS" "$@"
