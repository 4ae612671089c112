"""Run inside plastimatch's environment by ``bench_dvh.py``: volumes of its masks, its DVHs, as JSON."""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PROGRAM = Path(sys.executable).with_name("plastimatch")
BIN_GY = 0.01
BINS = 10000


def _run(*arguments: object) -> None:
    subprocess.run([PROGRAM, *map(str, arguments)], check=True, capture_output=True)


def main() -> None:
    folder = Path(sys.argv[1])
    numbers = {}
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        _run("convert", "--input", folder, "--output-prefix", out / "masks", "--prefix-format", "nrrd")
        _run("dvh", "--input", folder, "--bin-width", BIN_GY, "--num-bins", BINS, "--output-csv", out / "dvh.csv")
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN)
        with (out / "dvh.csv").open(newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream))
        table = np.array([[float(value) for value in row if value.strip()] for row in rows[1:] if row and row[0].strip()])
        for column, name in enumerate(head.strip() for head in rows[0][1:] if head.strip()):
            plain = name.split(" (")[0]
            dose_gy, percent = table[:, 0], table[:, column + 1]
            percent = 100 * percent / percent[0]
            numbers[plain] = {
                "cc": _mask_cc(next((out / "masks").glob(f"{plain}.nrrd"))),
                "mean": float(np.trapezoid(percent, dose_gy) / 100),
                "D95": float(np.interp(-95, -percent, dose_gy)),
                "D2": float(np.interp(-2, -percent, dose_gy)),
            }
    print(json.dumps({"numbers": numbers, "seconds": seconds.ru_utime + seconds.ru_stime}))


def _mask_cc(path: Path) -> float:
    """Volume of a raw or gzipped NRRD mask."""
    import gzip

    head, _, data = path.read_bytes().partition(b"\n\n")
    fields = dict(line.split(": ", 1) for line in head.decode("ascii").splitlines() if ": " in line)
    values = np.frombuffer(gzip.decompress(data) if fields["encoding"] in ("gzip", "gz") else data, np.uint8)
    axes = [np.array(part.strip("()").split(","), float) for part in fields["space directions"].split(" ")]
    return float(np.count_nonzero(values) * abs(np.linalg.det(np.array(axes))) / 1000)


if __name__ == "__main__":
    main()
