"""Run inside dicompyler-core's environment by ``bench_dvh.py``: DVHs of a folder's RTSTRUCT and RTDOSE as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from dicompylercore import dicomparser, dvhcalc


def main() -> None:
    folder = Path(sys.argv[1])
    begin = time.process_time()
    structures, dose = str(folder / "rs.dcm"), str(folder / "rd.dcm")
    numbers = {}
    for number, item in dicomparser.DicomParser(structures).GetStructures().items():
        dvh = dvhcalc.get_dvh(structures, dose, number)
        numbers[item["name"]] = {
            "cc": float(dvh.volume),
            "mean": float(dvh.mean),
            "D95": float(dvh.D95.value),
            "D2": float(dvh.D2.value),
        }
    print(json.dumps({"numbers": numbers, "seconds": time.process_time() - begin}))


if __name__ == "__main__":
    main()
