"""``measurements.parquet`` beside the CSV, where pyarrow is installed: a fortieth of its size, with its types."""

from __future__ import annotations

from pathlib import Path

from ..atomic import written
from ..measurement import COLUMNS, NUMBER_COLUMNS
from .folder import OutputFolder


def write_parquet(out: Path) -> bool:
    """Write ``OUT/measurements.parquet`` from ``OUT/measurements.csv``; without pyarrow none, and none of an earlier run stays.

    pyarrow is 170 MB on the disk: it comes with ``pip install deface-compare[parquet]`` only, and never into Slicer.

    Numbers become doubles (an empty cell: null), words dictionaries. pyarrow reads the CSV itself: given Python's values it
    would import pandas, half a second.

    Returns
    -------
    bool
        Whether it was written.
    """
    path = OutputFolder(out).parquet
    try:
        import pyarrow
        from pyarrow import csv, parquet
    except ImportError:
        path.unlink(missing_ok=True)
        return False
    types = {name: pyarrow.float64() if name in NUMBER_COLUMNS else pyarrow.string() for name in COLUMNS}
    table = csv.read_csv(
        OutputFolder(out).measurements,
        csv.ReadOptions(use_threads=False),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(column_types=types, null_values=[""]),
    ).combine_chunks()
    for k, name in enumerate(COLUMNS):
        if name not in NUMBER_COLUMNS:
            table = table.set_column(k, name, table.column(k).dictionary_encode())
    with written(path) as temporary:
        parquet.write_table(table, temporary, compression="zstd")
    return True
