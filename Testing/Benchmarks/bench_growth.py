"""Growth: pooling and report of 6 to 185 cases of made-up rows, and a study of sample patients on one and on two workers.

Tells CPU seconds of the pool without its report, of the report, the report's size, and each as a multiple of the smallest
cohort beside the multiple of cases; for workers wall clock, CPU and the speed-up. A fixed numpy workload stands beside.

    python Testing/Benchmarks/bench_growth.py [--patients 4]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "DefaceCompare"), str(HERE.parent / "Python" / "helpers"), str(HERE)]

from calibration import calibration_s, cost_of, loops  # noqa: E402

from deface_compare.report.html import ReportContent, write_report  # noqa: E402
from deface_compare.sample.make_sample import make_sample  # noqa: E402
from deface_compare.study import pool as pooling  # noqa: E402
from made_study import make_out  # noqa: E402

COHORTS = (6, 24, 96, 185)
WORKERS = (1, 2)
MEGABYTE = 1e6


def pooled(folder: Path, cases: int) -> tuple[float, float, float]:
    """CPU seconds of the pool without its report, of the report, and the report's size in MB."""
    out = make_out(folder / f"of-{cases}", cases)
    report_s = 0.0

    def timed(path: Path, content: ReportContent) -> None:
        nonlocal report_s
        begin = time.process_time()
        write_report(path, content)
        report_s = time.process_time() - begin

    begin = time.process_time()
    with patch.object(pooling, "write_report", timed):
        pooling.pool([out], out)
    return time.process_time() - begin - report_s, report_s, (out / "report.html").stat().st_size / MEGABYTE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--environments", help="as the other benchmarks have it; not needed here")
    parser.add_argument("--patients", type=int, default=4, help="sample patients of the study on one and two workers; 0: none")
    arguments = parser.parse_args()
    calibration = calibration_s()
    print(f"calibration loop: {calibration:.3f} s CPU")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pooled(folder, COHORTS[0] - 1)  # imports and caches are not what grows
        first = None
        for cases in COHORTS:
            pool_s, report_s, size_mb = pooled(folder, cases)
            first = first or (pool_s, report_s, size_mb)
            times = ", ".join(f"{now / then:.1f}" for now, then in zip((pool_s, report_s, size_mb), first, strict=True))
            print(
                f"{cases} cases: pool {loops(pool_s, calibration)}, report {loops(report_s, calibration)}, {size_mb:.1f} MB;"
                f" {cases / COHORTS[0]:.1f} times the cases, {times} times pool, report, size"
            )
        if not arguments.patients:
            return 0
        make_sample(folder / "patients", arguments.patients)
        command = [sys.executable, "-m", "deface_compare", "study", folder / "patients"]
        walls = []
        for jobs in WORKERS:
            cost = cost_of([*command, "--out", folder / f"jobs-{jobs}", "--jobs", jobs])
            walls.append(cost.wall_s)
            print(
                f"{arguments.patients} patients on {jobs} worker{'s' * (jobs > 1)}: wall {cost.wall_s:.1f} s, CPU"
                f" {loops(cost.cpu_s, calibration)}, speed-up {walls[0] / cost.wall_s:.2f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
