"""``docs/measurements.md`` from ``data/metrics.csv``: the one list of metrics, for readers.

python Testing/Tools/write_measurements_page.py           print whether the page is the list's (exit code 1 if not)
python Testing/Tools/write_measurements_page.py --write   write it
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from deface_compare.measurement import metrics
from deface_compare.measurement_table import FILE_COLUMNS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "measurements.md"
DIRECTIONS = {"up": "more", "down": "less", "none": ""}
DOMAINS = ("quality", "privacy", "volume", "intensity", "dose")
HEAD = """# Measurements

Made from the list of metrics (`data/metrics.csv`) by `python Testing/Tools/write_measurements_page.py --write`; a test holds
it to that list. `measurements.csv` has one number a row:

"""
AFTER_COLUMNS = """
Numbers have the decimals of their unit at most: Gy, cc and % four, HU and mm three, numbers without a unit six, SUVbw four;
arbitrary units (a.u.) have seven significant digits. An empty cell is a number that does not apply.

`notes.csv` has the columns `note_code` and `note`. A code is made of the note's words, so the same note has the same code in
every study:

```python
import pandas

notes = pandas.read_csv("OUT/notes.csv")
rows = pandas.read_csv("OUT/measurements.csv").merge(notes, on="note_code", how="left")
```

`dc.load("OUT").measurements` is that table ([Python](python.md)). Tables of earlier versions are read as well
([versions](output_folder.md#versions-of-the-tables)).
"""
MEANINGS = {
    "cohort": "`cohort`; after `pool` of several folders their names",
    "case": "`case-001` and so on; who it is stands in `identifiable/key.csv` only",
    "synthetic": "`true` for a made patient: the row tests the pipeline and says nothing about a method; else `false`",
    "method": "key of the method",
    "variant": "variant of the method, empty for its default",
    "fill": "what removed voxels became",
    "protect": "what the method might not alter",
    "dose_policy": "`keep`, `mask` or `follow`, on rows of dose",
    "image": "`CT`, `MR_T1`, `PET`, `DOSE` …",
    "domain": "quality, privacy, volume, intensity or dose",
    "structure": "AAPM TG-263 name, `structure-07` for an unknown one, empty for the whole image",
    "metric": "see below",
    "unit": "of `value`, `original`, `defaced` and `change`",
    "value": "a number that is a value by itself: did it work, a similarity, a distance; `defaced` and `change` are empty",
    "original": "on the undefaced image",
    "defaced": "on the defaced image",
    "change": "defaced minus original",
    "change_percent": "change in percent of the original; not of dose",
    "change_percent_of_prescription": "change of a dose in percent of the prescribed dose",
    "engine": "what computed it, for example `builtin-slab-x4`",
    "status": "`ok`, `failed`, `not available` or `no face`; all but the first keep the `original` where it is known",
    "note_code": "code of the reason of a failed or unavailable row, and of warnings; the words stand in `notes.csv`",
}


def page() -> str:
    """The page's text."""
    lines = ["| column | meaning |", "|---|---|", *(f"| {name} | {MEANINGS[name]} |" for name in FILE_COLUMNS), AFTER_COLUMNS]
    listed = sorted(metrics().values(), key=lambda metric: DOMAINS.index(metric.domain))
    for domain, members in groupby(listed, lambda metric: metric.domain):
        lines += [f"## {domain.capitalize()}", "", "| metric | unit | meaning | better |", "|---|---|---|---|"]
        for metric in members:
            lines.append(f"| `{metric.name}` | {metric.unit} | {metric.meaning} | {DIRECTIONS[metric.good_direction]} |")
        lines.append("")
    return HEAD + "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Compare or write."""
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page()
    print("docs/measurements.md is the list's" if same else "docs/measurements.md differs from data/metrics.csv; --write it")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
