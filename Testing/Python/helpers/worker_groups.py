"""Which tests run on one worker, and which groups of them begin first.

pytest-xdist gives each test that is in no group to whichever worker is free: what a module prepares once is then prepared on
each worker. So the tests of a module are a group, unless they name one that several modules share.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from places import ROOT

TESTS = ROOT / "Testing" / "Python"
LONGEST = (
    "export",
    "panel",
    "headers_tool",
    "mr_study",
    "defacers/test_difficult_heads",
    "quality/test_bad_defacings",
    "study/test_add_methods",
    "test_real_heads",
    "share",
    "people",
    "slicer_numbers",
    "anatomy/test_second_witness",
    "planned_patient",
    "anatomy/test_head",
    "study/test_jobs",
    "study/test_cluster_files",
    "properties",
    "anatomy/test_masked_heads",
    "sample/test_pose",
    "real_heads",
)
"""The groups that take longest, the longest first (measured, CPU seconds): begun last, one of them would keep a worker busy when
the others have ended."""


def group_of(item: pytest.Item) -> str:
    """The group that a test names, else its module."""
    marker = item.get_closest_marker("xdist_group")
    return str(marker.args[0]) if marker else item.path.relative_to(TESTS).with_suffix("").as_posix()


def group_tests(items: list[pytest.Item]) -> None:
    """Put each test into its group, and the groups into the order in which they begin."""
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        group = group_of(item)
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group))
        groups.setdefault(group, []).append(item)
    items[:] = [item for group in sorted(groups, key=lambda name: _rank(name, groups[name])) for item in groups[group]]


def _rank(group: str, items: Sequence[pytest.Item]) -> tuple[int, bool]:
    place = LONGEST.index(group) if group in LONGEST else len(LONGEST)
    return place, all(item.get_closest_marker("slow") is None for item in items)
