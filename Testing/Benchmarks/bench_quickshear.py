"""Quickshear of a planning CT of 512 x 512 x 150: ours beside PyPI quickshear 1.2.0, one thread, both as a user runs them.

Both start from the same synthetic head and its brain mask. The package's time holds what its command line does: it reads two
NIfTI files, shears and writes one. Ours is given three times: the mask on the image's grid, the edit (mask and fill), and the
edit with reading and writing the same files. CPU seconds, imports not counted, the best of a few runs.

    python Testing/Benchmarks/bench_quickshear.py --environments FOLDER
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "DefaceCompare"), str(HERE.parent / "Python" / "helpers")]

from environments import environment, told_by  # noqa: E402

import synthetic_head as synthetic  # noqa: E402
from deface_compare.anatomy.head_axes import own_axes  # noqa: E402
from deface_compare.case import CT, CaseImage  # noqa: E402
from deface_compare.defacers.quickshear import shear  # noqa: E402
from deface_compare.settings import Settings  # noqa: E402

PACKAGES = ("quickshear==1.2.0", "nibabel", "numpy<2.3", "importlib_resources")
SIZE, SPACING_MM = (512, 512, 150), (0.5, 0.5, 1.6)
REPEATS = 3


def best(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of a few runs."""
    seconds = []
    for _ in range(REPEATS):
        begin = time.process_time()
        work()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--environments", type=Path, required=True, help="where the package's environment is or will be")
    parser.add_argument("--suffix", default=".nii.gz", help="of the files: .nii.gz (as the package is used) or .nii")
    arguments = parser.parse_args()
    python = environment(arguments.environments, "quickshear", PACKAGES)
    half_mm = tuple(0.5 * n * s for n, s in zip(SIZE, SPACING_MM, strict=True))
    head, image = synthetic.head(), synthetic.ct(synthetic.grid(SPACING_MM, half_mm))
    assert image.image.GetSize() == SIZE
    with tempfile.TemporaryDirectory() as temporary:
        paths = [str(Path(temporary) / f"{name}{arguments.suffix}") for name in ("ct", "brain", "package", "ours")]
        sitk.WriteImage(image.image, paths[0])
        brain = sitk.Resample(head.brain, image.image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
        sitk.WriteImage(brain, paths[1])
        runs = [told_by(python, HERE / "quickshear_package.py", *paths[:3]) for _ in range(REPEATS)]
        theirs = min(float(run["seconds"]) for run in runs)

        def edited(of: CaseImage) -> sitk.Image:
            return shear(head.brain, own_axes(head)).apply(of, head, Settings()).whole(of.image)

        def with_files() -> None:
            read = CaseImage("CT", CT, sitk.ReadImage(paths[0]), "HU")
            sitk.WriteImage(edited(read), paths[3])

        times = {
            "mask": best(lambda: shear(head.brain, own_axes(head)).removed(image.image)),
            "mask, fill, whole image": best(lambda: edited(image)),
            f"the same with reading and writing {arguments.suffix}": best(with_files),
        }
        kept = np.count_nonzero(sitk.GetArrayFromImage(image.image) == 0)
        cut = 100.0 * (runs[0]["zeros"] - kept) / np.prod(SIZE)
    print(f"quickshear 1.2.0, its files included: {theirs:.2f} s CPU; it cleared {cut:.1f} % of the voxels")
    for what, seconds in times.items():
        print(f"ours, {what}: {seconds:.2f} s CPU, {theirs / seconds:.1f} times as fast")
    return 0


if __name__ == "__main__":
    sys.exit(main())
