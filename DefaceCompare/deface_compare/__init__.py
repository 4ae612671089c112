"""DefaceCompare: which defacing keeps the most clinical value of a radiotherapy patient's images?

``import deface_compare as dc`` brings these names and loads what stands behind each when it is first used. All else is the
inside of the library and may change between versions.

Examples
--------
>>> import deface_compare as dc
>>> case = dc.read_case("PATIENT")
>>> report = dc.compare_case(case, methods=["quickshear", "surface_blur"], out="OUT")
>>> report.table
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__ as __version__

__all__ = [
    "Case",
    "CaseReport",
    "DefaceCompareError",
    "Settings",
    "compare_case",
    "export_case",
    "load",
    "make_sample",
    "method",
    "methods",
    "pool",
    "read_case",
    "run_study",
    "share_study",
]

if TYPE_CHECKING:
    from .case import Case
    from .case_report import CaseReport
    from .cohort.results import load
    from .compare import compare_case
    from .defacers import method, methods
    from .errors import DefaceCompareError
    from .export.export_case import export_case
    from .readers import read_case
    from .sample.make_sample import make_sample
    from .settings import Settings
    from .study.pool import pool
    from .study.run import run_study
    from .study.share import share_study

_HOMES = {
    "Case": ".case",
    "CaseReport": ".case_report",
    "DefaceCompareError": ".errors",
    "Settings": ".settings",
    "compare_case": ".compare",
    "export_case": ".export.export_case",
    "load": ".cohort.results",
    "make_sample": ".sample.make_sample",
    "method": ".defacers",
    "methods": ".defacers",
    "pool": ".study.pool",
    "read_case": ".readers",
    "run_study": ".study.run",
    "share_study": ".study.share",
}
"""Where each name lives: nothing is loaded before it is asked for, so that the command line starts at once."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
