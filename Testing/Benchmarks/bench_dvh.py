"""DVHs of a closed-form phantom: ours beside plastimatch and dicompyler-core, each in an environment of its own.

The phantom of ``Testing/Python/utility/test_phantom.py`` is written as DICOM (CT, RTSTRUCT, RTDOSE; a linear dose, so every
error is the structure's) and each program is asked for volume, Dmean, D95% and D2% of its eight structures. Printed are the
errors against the closed forms, CPU seconds (reading included, import not) and, at the end, every breach of the tolerances.
Where ../shared/data lies, the ENT phantom follows: 15 structures at x4 and BODY at x2, against SlicerRT's own time.

Run from anywhere with the project's own environment; the first run makes the two others (about 300 MB):

    python Testing/Benchmarks/bench_dvh.py --environments FOLDER
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "DefaceCompare"), str(HERE.parent / "Python" / "helpers")]

from calibration import best, calibration_s  # noqa: E402
from environments import environment, told_by  # noqa: E402

from deface_compare.settings import SLAB, SURFACE  # noqa: E402
from deface_compare.structures.region import Region  # noqa: E402
from deface_compare.utility.dose_sampling import sample_region  # noqa: E402
from dicom_set import write_series  # noqa: E402
from ent_tables import read_ent  # noqa: E402
from phantom import AXIAL, GRADIENT, ORGANS, STRAIGHT, mean_gy, read_dvhs, write_phantom  # noqa: E402

PACKAGES = {
    "plastimatch": ("plastimatch==1.10.0", "numpy<3", "pydicom>=3,<4"),
    "dicompyler-core": ("dicompyler-core==0.5.6", "pydicom<3"),
}
VOLUME_PERCENT, SMALL_VOLUME_PERCENT, DOSE_GY = 0.5, 5.0, 0.15
"""Tolerances: volume of organs of 5 cc and more and of cylinders, of smaller organs; dose."""
SMALL = ("Lens_L", "OpticChiasm")
REPEATS = 3
SHARED = HERE.parents[2] / "shared" / "data"
SLICERRT_ENT_S = 20.2
"""SlicerRT's own DVH logic on the ENT phantom, 16 structures at x4, measured on a machine like this one's."""

Numbers = dict[str, dict[str, float]]
"""By structure: cc, mean, D95, D2."""


def ours(folder: Path) -> tuple[Numbers, float]:
    """Our slab engine at x4."""
    begin = time.process_time()
    dvhs = read_dvhs(folder)
    seconds = time.process_time() - begin
    found = {
        name: {
            "cc": dvh.volume_cc,
            "mean": dvh.mean_gy(),
            "D95": dvh.dose_at_percent(95),
            "D2": dvh.dose_at_percent(2),
        }
        for name, dvh in dvhs.items()
    }
    return found, seconds


def theirs(python: Path, script: str, folder: Path) -> tuple[Numbers, float]:
    """What a script in another environment prints: one JSON object with the numbers and its CPU seconds."""
    told = told_by(python, HERE / script, folder)
    return told["numbers"], told["seconds"]


def report(name: str, numbers: Numbers, seconds: float) -> list[str]:
    """Print a program's errors; return its breaches."""
    breaches = []
    print(f"{name}: {seconds:.2f} s")
    for structure, organ in ORGANS.items():
        own = numbers.get(structure)
        if own is None:
            breaches.append(f"{name}: {structure} missing")
            continue
        volume = 100 * (own["cc"] / organ.volume_cc() - 1)
        wanted = {"mean": mean_gy(organ, GRADIENT), "D95": organ.dose_gy(95, GRADIENT), "D2": organ.dose_gy(2, GRADIENT)}
        doses = {key: own[key] - value for key, value in wanted.items()}
        limit = SMALL_VOLUME_PERCENT if structure in SMALL else VOLUME_PERCENT
        if abs(volume) > limit:
            breaches.append(f"{name}: {structure} volume {volume:+.1f} %")
        breaches += [f"{name}: {structure} {key} {value:+.2f} Gy" for key, value in doses.items() if abs(value) > DOSE_GY]
        told = "  ".join(f"{key} {value:+.3f}" for key, value in doses.items())
        print(f"  {structure:12s} volume {volume:+7.2f} %   {told} Gy")
    return breaches


def ent_seconds(ends: str) -> float:
    """CPU seconds of all DVHs of the ENT phantom, whose contours and dose are read already."""
    with tempfile.TemporaryDirectory() as temporary:
        ent = read_ent(SHARED, Path(temporary))
    if ent.structure_set is None or ent.dose is None:
        raise ValueError("the ENT phantom has structures and dose")
    structures, dose = ent.structure_set.structures, ent.dose.image

    def all_dvhs() -> None:
        for structure in structures:
            fresh = replace(structure, contours=(*(structure.contours or ()),))  # a new key: nothing is remembered
            sample_region(Region(fresh.standard_name, fresh.group, (fresh,)), dose, 4, ends)

    return best(all_dvhs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--environments", type=Path, required=True, help="where the other programs' environments are or will be")
    arguments = parser.parse_args()
    breaches: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        ct = np.full((60, 128, 128), -1000, np.int16)
        ct[:, 8:-8, 8:-8] = 40
        write_series(folder, ct, spacing=(1.5, 1.5, 2.5), origin=(-95.25, -95.25, -75.0))
        write_phantom(folder, STRAIGHT, AXIAL, (1.3, 0.9, -1.3))
        runs = [ours(folder) for _ in range(REPEATS)]
        own_s = min(seconds for _, seconds in runs)
        print(f"calibration loop: {calibration_s():.3f} s CPU")
        breaches += report("DefaceCompare slab x4", runs[0][0], own_s)
        for name in PACKAGES:
            python = environment(arguments.environments, name, PACKAGES[name])
            runs = [theirs(python, f"dvh_{name.replace('-', '_')}.py", folder) for _ in range(REPEATS)]
            their_s = min(seconds for _, seconds in runs)
            breaches += report(name, runs[0][0], their_s)
            print(f"  ours is {their_s / own_s:.1f} times as fast")
    print(f"breaches of {VOLUME_PERCENT} % ({SMALL_VOLUME_PERCENT} % of {', '.join(SMALL)}) or {DOSE_GY} Gy: {len(breaches)}")
    print("\n".join(f"  {breach}" for breach in breaches))
    if SHARED.is_dir():
        for ends in (SLAB, SURFACE):
            seconds = ent_seconds(ends)
            print(f"ENT, {ends} x4, BODY x2: {seconds:.2f} s, SlicerRT {SLICERRT_ENT_S} s: {SLICERRT_ENT_S / seconds:.0f} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
