"""``measurements.parquet`` beside the CSV, where pyarrow is installed: the same with types, in a fraction of its size."""

from __future__ import annotations

from pathlib import Path

from ..measurement_table import FILE_COLUMNS, NUMBER_COLUMNS
from ..storage.atomic import written
from ..table_cells import FORMAT, FORMAT_KEY
from .folder import OutputFolder


def write_parquet(out: Path) -> bool:
    """Write ``OUT/measurements.parquet`` from ``OUT/measurements.csv``; without pyarrow none, and none of an earlier run stays.

    pyarrow is 170 MB on the disk: it comes with ``pip install deface-compare[parquet]`` only, and never into Slicer.

    Numbers become doubles (an empty cell: null), `synthetic` a truth value, words dictionaries; the schema tells the format's
    version. Notes stand by their codes, as in the CSV. pyarrow reads the CSV itself: given Python's values it
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
    types = dict.fromkeys(FILE_COLUMNS, pyarrow.string()) | dict.fromkeys(NUMBER_COLUMNS, pyarrow.float64())
    types["synthetic"] = pyarrow.bool_()
    table = csv.read_csv(
        OutputFolder(out).measurements,
        csv.ReadOptions(use_threads=False),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(column_types=types, null_values=[""]),
    ).combine_chunks()
    for k, name in enumerate(FILE_COLUMNS):
        if types[name] == pyarrow.string():
            table = table.set_column(k, name, table.column(k).dictionary_encode())
    table = table.replace_schema_metadata({FORMAT_KEY: str(FORMAT)})
    with written(path) as temporary:
        parquet.write_table(table, temporary, compression="zstd")
    return True
