r"""Run the command line inside Slicer, without its window: all its commands and options, in this process.

Slicer --no-main-window --no-splash --ignore-slicerrc --disable-cli-modules \
    --python-script deface_compare_batch.py study INPUT --out OUT

Where SlicerRT is installed, `case` and `study` also write OUT/measurements_slicerrt.csv: the dose rows as SlicerRT computes them.
Slicer ends with the command's exit code; no dialog is opened.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import slicer
import slicer.util

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

UNUSABLE_INPUT = 2
WITH_CASES = (0, 3)
"""Exit codes after which the output holds finished cases."""


def run(arguments: list[str]) -> int:
    """Run `deface-compare` with these arguments and give its exit code."""
    try:
        from deface_compare.cli.main import main, make_parser

        chosen = make_parser().parse_args(arguments)
        if getattr(chosen, "jobs", 1) != 1 or getattr(chosen, "scheduler", None):
            print("deface-compare: inside Slicer there is one worker: leave out --jobs and --scheduler", file=sys.stderr)
            return UNUSABLE_INPUT
        if hasattr(chosen, "threads"):
            arguments = [*arguments, "--threads", "1"]  # the application's images and windows are not made for two
        code = int(main(arguments) or 0)
        if code in WITH_CASES and hasattr(chosen, "methods") and hasattr(chosen, "out"):
            measure_with_slicerrt(chosen.out, chosen.progress)
        return code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        # Slicer would stay open after an error in a --python-script, so the error is shown here and ends it
        traceback.print_exc()
        return 1


def measure_with_slicerrt(out: Path, progress: str) -> None:
    """Add SlicerRT's dose rows, where SlicerRT is installed."""
    from deface_compare.cli.progress import progress_of
    from DefaceCompareLib.slicerrt.dvh import slicerrt_logic
    from DefaceCompareLib.slicerrt.study import add_slicerrt_rows_to_output

    if slicerrt_logic() is not None:
        with progress_of(progress) as tell:
            add_slicerrt_rows_to_output(out, slicer.mrmlScene, progress=tell)


slicer.util.exit(run(sys.argv[1:]))
