"""``measurements.parquet`` beside the CSV, where pyarrow is installed: a fortieth of its size, with its types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .measurement import COLUMNS, NUMBER_COLUMNS, Measurement

FILE = "measurements.parquet"


def write_parquet(out: Path, rows: Sequence[Measurement]) -> bool:
    """Write ``OUT/measurements.parquet``; without pyarrow none, and none of an earlier run stays.

    pyarrow is 170 MB on the disk: it comes with ``pip install deface-compare[parquet]`` only, and never into Slicer.

    Parameters
    ----------
    rows : sequence of Measurement
        The rows of ``measurements.csv``; numbers become doubles (NaN: null), words dictionaries.

    Returns
    -------
    bool
        Whether it was written.
    """
    path = out / FILE
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        path.unlink(missing_ok=True)
        return False
    words = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    types = {name: pyarrow.float64() if name in NUMBER_COLUMNS else words for name in COLUMNS}
    columns = {
        name: pyarrow.array([getattr(row, name) for row in rows], pyarrow.float64(), from_pandas=True)
        if name in NUMBER_COLUMNS
        else pyarrow.array([getattr(row, name) for row in rows], pyarrow.string()).dictionary_encode()
        for name in COLUMNS
    }
    temporary = path.with_name(path.name + ".part")
    parquet.write_table(pyarrow.table(columns, schema=pyarrow.schema(types)), temporary, compression="zstd")
    temporary.replace(path)
    return True
