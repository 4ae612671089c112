"""``python -m DefaceCompareLib.ahead.read_case FOLDER``: read the case that FOLDER/request names into files of FOLDER.

Each part is told as a line of JSON, as the command line tells its steps: ``text`` is the name of its file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from deface_compare.errors import DefaceCompareError

from .loaded_case import loading
from .parts import REFUSED, Part, read_part, write_part

REQUEST = "request"
"""Name of the file with the case and its methods."""


def main(folder: Path) -> None:
    """Read, draw and write a case."""
    _tell(0, "")
    number = 0
    case, methods = read_part(folder / REQUEST)
    try:
        for number, part in enumerate(loading(case, methods), 1):
            _write(folder, number, part)
    except DefaceCompareError as error:
        _write(folder, number + 1, Part(REFUSED, "", str(error)))


def _write(folder: Path, number: int, part: Part) -> None:
    name = f"{number:03d}"
    write_part(folder / name, part)
    _tell(number, name)


def _tell(done: int, text: str) -> None:
    sys.stdout.write(json.dumps({"process": os.getpid(), "done": done, "total": 0, "text": text}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
