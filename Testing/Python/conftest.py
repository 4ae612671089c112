"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from deface_compare.anatomy.average_head import average_head
from deface_compare.anatomy.head import Head
from deface_compare.case import MR, CaseImage
from deface_compare.privacy.face import FaceReference
from deface_compare.privacy.networks.models import OK, verify_model
from deface_compare.privacy.scorer import FaceScorer
from panel_host import finished_output, fresh_panel, install_child, open_panel
from places import SHARED_DATA
from worker_groups import group_tests


def pytest_configure(config: pytest.Config) -> None:
    """The groups stay in the order below: pytest-xdist would begin with the ones of most tests, and end with the longest."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share what they prepare run on one worker; no worker waits for another's last test.

    First of all: pytest-xdist reads the groups in a hook of its own.
    """
    group_tests(items)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real heads; tests that need it skip, with this reason, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real heads (../shared/data) are not on this machine")
    return SHARED_DATA


@pytest.fixture(scope="session")
def panel_widget() -> Iterator[Any]:
    """The module's widget in the stand-in host, loaded once."""
    yield from open_panel()


@pytest.fixture
def panel(panel_widget: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The panel on an empty scene."""
    yield from fresh_panel(panel_widget, tmp_path, monkeypatch)


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a child on the PATH that finishes, hangs or refuses; returns the file in which it says who it is."""
    return lambda behaviour: install_child(tmp_path, monkeypatch, behaviour)


@pytest.fixture(scope="session")
def average_patient() -> tuple[CaseImage, Head]:
    """The average head as a patient of its own."""
    template, identity = average_head(), sitk.AffineTransform(3)
    nothing = template.outline * 0
    marks = template.landmarks_mm
    head = Head(
        "MR_T1",
        template.outline,
        nothing,
        template.brain,
        "image",
        None,
        identity,
        identity,
        marks,
        "full",
        witnesses=("itself",),
    )
    return CaseImage("MR_T1", MR, template.image, "a.u."), head


@pytest.fixture(scope="session")
def sface() -> FaceScorer:
    """SFace; skips where its weights are not installed."""
    for key in ("yunet", "sface"):
        state = verify_model(key)
        if state.status != OK:
            pytest.skip(f"face model {key} is {state.status}: {state.note}")
    return FaceScorer("sface", seed=1)


@pytest.fixture(scope="session")
def average_reference(sface: FaceScorer, average_patient: tuple[CaseImage, Head]) -> FaceReference:
    """The average head, scored by SFace."""
    return sface.reference(*average_patient)


@pytest.fixture(scope="session")
def exported_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished case of the small patient of `export_patient`; nobody may change it."""
    from export_patient import compared

    return compared(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def coarse_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of few files, for tests that judge no shape: each export costs half; nobody may change it."""
    from export_patient import COARSE_MM, compared

    return compared(tmp_path_factory.mktemp("coarse"), COARSE_MM)


@pytest.fixture(scope="session")
def masked_export(exported_case: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That case exported with its dose masked; nobody may change it."""
    from export_patient import export

    folder = tmp_path_factory.mktemp("masked") / "export"
    assert export(exported_case, folder, "--accept-risk", "--dose-policy", "mask") == 0
    return folder


@pytest.fixture(scope="session")
def two_methods(panel_widget: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished output of two methods on the test's CT."""
    return finished_output(tmp_path_factory.mktemp("two_methods"))
