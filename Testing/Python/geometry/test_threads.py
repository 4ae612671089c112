"""SimpleITK's number of threads belongs to the whole process: ours is one, and the process gets its own back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import SimpleITK as sitk

import synthetic_head as synthetic
from deface_compare.compare import compare_case
from deface_compare.errors import UnusableInput
from deface_compare.export.export_case import export_case
from deface_compare.geometry.threads import one_itk_thread
from deface_compare.progress import Cancelled
from deface_compare.settings import Settings

THREADS = 3


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    """A process that works with three threads."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(THREADS)
    yield
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def test_there_is_one_thread_inside_and_as_many_as_before_outside_whatever_happens() -> None:
    def fails() -> None:
        with one_itk_thread():
            assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == THREADS


def test_a_comparison_gives_the_threads_back_when_it_ends_and_when_it_is_cancelled() -> None:
    case = synthetic.case(synthetic.ct(synthetic.grid((4.0, 4.0, 4.0))))
    settings = Settings(face_model="none")
    seen: list[int] = []

    def look(done: int, total: int, text: str) -> bool:
        seen.append(sitk.ProcessObject.GetGlobalDefaultNumberOfThreads())
        return len(seen) < 2

    with pytest.raises(Cancelled):
        compare_case(case, ["quickshear"], settings, progress=look)
    assert set(seen) == {1}
    assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == THREADS


def test_a_refused_export_gives_the_threads_back(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput):
        export_case(tmp_path / "case-001", tmp_path / "to", "quickshear")
    assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == THREADS
