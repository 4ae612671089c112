"""A whole case through the command line: the sample's, and one of 512 x 512 x 150 CT with MR, PET and dose. One process each.

CPU seconds, wall clock and peak memory of ``deface-compare case`` (four methods, faces, utility, report), start-up included,
beside a fixed numpy workload, and the large case as a multiple of the small one.

    python Testing/Benchmarks/bench_case.py
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "DefaceCompare"), str(HERE)]

from calibration import Cost, calibration_s, cost_of, loops  # noqa: E402

from deface_compare.sample.fields_of_view import CT_GRIDS  # noqa: E402
from deface_compare.sample.make_sample import make_sample  # noqa: E402

LARGE, LARGE_SPACING_MM = (512, 512, 150), (0.5, 0.5, 1.8)
SITE = "hn"


def make_patient(folder: Path, size: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Path:
    """One synthetic patient with a CT of this size."""
    (patient,) = make_sample(folder, 1, site=SITE, ct_size=size, ct_spacing_mm=spacing_mm)
    return patient


def case_cost(folder: Path, size: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Cost:
    """Make one patient, in a process of its own (`cost_of` says why), and compare the methods on it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
        patient = maker.submit(make_patient, folder / "patients", size, spacing_mm).result()
    return cost_of([sys.executable, "-m", "deface_compare", "case", patient, "--out", folder / "out"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--environments", help="as the other benchmarks have it; not needed here")
    parser.parse_args()
    calibration = calibration_s()
    print(f"calibration loop: {calibration:.3f} s CPU")
    costs = {}
    for name, size, spacing_mm in (("sample", *CT_GRIDS["brain"]), ("large", LARGE, LARGE_SPACING_MM)):
        with tempfile.TemporaryDirectory() as temporary:
            cost = costs[name] = case_cost(Path(temporary), size, spacing_mm)
        print(
            f"{name} case, CT {'x'.join(map(str, size))}: CPU {loops(cost.cpu_s, calibration)}, wall {cost.wall_s:.1f} s,"
            f" peak memory {cost.peak_mb:.0f} MB"
        )
    small, large = costs["sample"], costs["large"]
    print(f"large : sample = {large.cpu_s / small.cpu_s:.2f} of CPU time, {large.peak_mb / small.peak_mb:.2f} of memory")
    return 0


if __name__ == "__main__":
    sys.exit(main())
