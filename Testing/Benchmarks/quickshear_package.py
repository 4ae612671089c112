"""Run inside the package's environment by ``bench_quickshear.py``: quickshear's command line, timed, as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings

import numpy as np


def main() -> None:
    image, mask, out = sys.argv[1:4]
    import nibabel
    import quickshear

    sys.argv = ["quickshear", image, mask, out]
    warnings.simplefilter("ignore", DeprecationWarning)
    before, begin = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    quickshear.main()
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_SELF)
    values = np.asanyarray(nibabel.load(out).dataobj)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"seconds": seconds, "wall": wall, "zeros": int(np.count_nonzero(values == 0))}))


if __name__ == "__main__":
    main()
