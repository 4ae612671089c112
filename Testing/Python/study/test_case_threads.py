"""One case on several threads: the same bytes, the same steps, and the same rows where a method fails."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from deface_compare.compare import compare_case
from deface_compare.defacers import methods_of
from deface_compare.defacers.defacing import Defacer
from deface_compare.defacers.edit import Edit
from deface_compare.errors import MethodFailed
from deface_compare.privacy.networks.models import OK, verify_model
from deface_compare.progress import Cancelled
from deface_compare.settings import Settings
from planned_patient import planned_patient, search_once
from study_run import difference

FACE_MODEL = "sface" if all(verify_model(key).status == OK for key in ("yunet", "sface")) else "none"
"""With the weights, faces are drawn and recognised, too."""
METHODS = ("quickshear", "surface_blur")
FILTERS = ("Resample", "RegionOfInterest", "Paste", "Cast", "SignedMaurerDistanceMap", "WriteImage")
"""What hands whole images to ITK, which notes in an image which part of it a filter wants."""


class Broken(Defacer):
    """A method that fails, and tells in which thread it did."""

    key = title = "broken"
    reference = limits = licence = ""

    def __init__(self, *, starts_programs: bool = False) -> None:
        self.starts_programs = starts_programs
        self.threads: list[int] = []

    def find_edit(self, *_: Any) -> Edit:
        self.threads.append(threading.get_ident())
        raise MethodFailed("broken on purpose")


class SharedImages:
    """Wraps SimpleITK's functions, and counts those that get an image which another thread's function is just given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given: Counter[tuple[int, int]] = Counter()
        self.found: list[str] = []

    def watched(self, name: str) -> Callable[..., Any]:
        function = getattr(sitk, name)

        def call(*arguments: Any, **more: Any) -> Any:
            places = [sitk.GetArrayViewFromImage(each).__array_interface__["data"][0] for each in arguments if _image(each)]
            mine = [(threading.get_ident(), place) for place in places]
            with self._lock:
                others = {place for (thread, place), times in self._given.items() if times and thread != threading.get_ident()}
                self.found += [name for place in places if place in others]
                self._given.update(mine)
            try:
                return function(*arguments, **more)
            finally:
                with self._lock:
                    self._given.subtract(mine)

        return call


def _image(argument: object) -> bool:
    return isinstance(argument, sitk.Image) and argument.GetNumberOfPixels() > 0


@pytest.mark.slow
def test_a_case_has_the_same_bytes_and_steps_with_one_two_and_three_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search_once(monkeypatch)
    shared = SharedImages()
    for name in FILTERS:
        monkeypatch.setattr(sitk, name, shared.watched(name))
    steps: dict[int, list[tuple[int, int, str]]] = {1: [], 2: [], 3: []}
    for threads, told in steps.items():

        def progress(*step: Any, told: list[Any] = told) -> bool:
            told.append(step)
            return True

        out = tmp_path / str(threads)
        settings = Settings(face_model=FACE_MODEL)
        compare_case(planned_patient(), METHODS, settings, out=out, progress=progress, threads=threads)
    assert len(list((tmp_path / "1").rglob("*.nrrd"))) == 4  # two methods, two images
    assert difference(tmp_path / "1", tmp_path / "2") == []
    assert difference(tmp_path / "1", tmp_path / "3") == []
    assert steps[1] == steps[2] == steps[3]
    assert shared.found == []


def test_two_threads_that_are_given_one_image_are_found() -> None:
    """The watch of the test above sees what it should."""
    shared, image, inside = SharedImages(), sitk.Image([4, 4, 4], sitk.sitkUInt8), threading.Event()
    go_on, original = threading.Event(), sitk.Cast
    try:
        sitk.Cast = lambda *_: (inside.set(), go_on.wait(10.0))
        first, second = shared.watched("Cast"), shared.watched("RegionOfInterest")
    finally:
        sitk.Cast = original
    other = threading.Thread(target=first, args=(image, sitk.sitkInt16))
    other.start()
    assert inside.wait(10.0)
    second(image, [2, 2, 2], [0, 0, 0])
    go_on.set()
    other.join()
    assert shared.found == ["RegionOfInterest"]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_method_that_fails_has_its_rows_and_the_others_go_on(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    search_once(monkeypatch)
    methods = [*methods_of(["quickshear", "eye_line"], {}), Broken()]
    report = compare_case(planned_patient(), methods, Settings(face_model="none"), threads=threads)
    gate = {(row.method, row.image): row for row in report.measurements if row.metric == "success"}
    assert {method for method, _ in gate} == {"quickshear", "eye_line", "broken"}
    assert all(gate[method, "CT"].status == "ok" for method in ("quickshear", "eye_line"))
    assert gate["broken", "CT"].status == "failed"
    assert list(dict.fromkeys(row.method for row in report.measurements)) == ["quickshear", "broken", "eye_line"]


@pytest.mark.parametrize("starts_programs", [True, False])
def test_a_method_that_starts_programs_runs_where_signals_arrive(starts_programs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    search_once(monkeypatch)
    broken = Broken(starts_programs=starts_programs)
    compare_case(planned_patient(), ["quickshear", broken], Settings(face_model="none"), threads=2)
    if starts_programs:
        assert broken.threads == [threading.get_ident()]
    else:
        assert len(broken.threads) == 1


@pytest.mark.parametrize("threads", [1, 2])
def test_a_cancelled_case_leaves_no_thread_behind(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    search_once(monkeypatch)
    before, seen = threading.active_count(), []

    def stop(done: int, total: int, text: str) -> bool:
        seen.append(text)
        return done < 3

    with pytest.raises(Cancelled):
        compare_case(planned_patient(), ["quickshear", "eye_line"], Settings(face_model="none"), progress=stop, threads=threads)
    assert len(seen) == 4
    assert threading.active_count() == before
