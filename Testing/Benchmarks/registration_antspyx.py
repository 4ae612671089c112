"""Run inside antspyx's environment by ``bench_registration.py``: SyN of the average head to a patient, timed, as JSON."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path


def main() -> None:
    folder = Path(sys.argv[1])
    import ants

    patient, average, level = (ants.image_read(str(folder / f"{name}.nrrd")) for name in ("patient", "average", "level"))
    before = resource.getrusage(resource.RUSAGE_SELF)
    found = ants.registration(fixed=patient, moving=average, type_of_transform="SyN", random_seed=1)
    after = resource.getrusage(resource.RUSAGE_SELF)
    warped = ants.apply_transforms(fixed=patient, moving=level, transformlist=found["fwdtransforms"], defaultvalue=99.0)
    ants.image_write(warped, str(folder / "warped.nrrd"))
    print(
        json.dumps({"seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "version": ants.__version__})
    )


if __name__ == "__main__":
    main()
