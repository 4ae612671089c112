"""Run the command line inside Slicer, without its window.

Slicer --no-main-window --no-splash --ignore-slicerrc --disable-cli-modules \\
    --python-script deface_compare_batch.py study INPUT --out OUT
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import slicer.util

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def run() -> int:
    """Run `deface-compare` with the script's arguments and give its exit code."""
    try:
        from DefaceCompareLib.cli import main

        return int(main(sys.argv[1:]) or 0)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:
        # Slicer would stay open after an error in a --python-script, so the error is shown here and ends it
        traceback.print_exc()
        return 1


slicer.util.exit(run())
