"""A case of a study as the review shows it: read and drawn step by step while the reviewer still looks at the one before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import SimpleITK as sitk

import qt
from deface_compare.case import CT, Case
from deface_compare.cohort.decision import ORIGINAL
from deface_compare.cohort.review import ReviewCase
from deface_compare.errors import UnusableInput
from deface_compare.output.key import key_source

from ..views.skins import SkinDrawing

PAUSE_MS = 150
"""Between two steps: what the reviewer does meanwhile comes first."""


@dataclass
class LoadedCase:
    """What was read of a case so far.

    Parameters
    ----------
    review_case : ReviewCase
    patient : Case
        The original, from where the key says it is.
    images : dict of method key to SimpleITK.Image
        The defaced images, and the original under its own name where it is a catch trial.
    skins : SkinDrawing, optional
        Of the original, then of `images` in their order.
    """

    review_case: ReviewCase
    patient: Case
    images: dict[str, sitk.Image] = field(default_factory=dict)
    skins: SkinDrawing | None = None

    @property
    def original(self) -> sitk.Image:
        """The undefaced image."""
        return {image.key: image.image for image in self.patient.images}[self.review_case.image]


def loading(case: ReviewCase, methods: Sequence[str]) -> Iterator[LoadedCase]:
    """Read and draw a case, one image a step; the last that comes is complete.

    Parameters
    ----------
    case : ReviewCase
    methods : sequence of str
        Keys of the methods in the order of the views; `ORIGINAL` stands for the undefaced image.

    Raises
    ------
    UnusableInput
        If the original is not there any more, or a defaced image is damaged.
    FaceNotFound
        If the original shows no head.
    """
    from deface_compare.readers import read_case  # brings pydicom, which opening the panel need not wait for

    loaded = LoadedCase(case, read_case(source_of(case)))
    modalities = {image.key: image.modality for image in loaded.patient.images}
    if case.image not in modalities:
        raise UnusableInput(f"The original of {case.id} has no {case.image} any more: choose the folder it was made from.")
    yield loaded
    for method in methods:
        file = case.folder / method / f"{case.image}.nrrd"
        if method == ORIGINAL:
            loaded.images[method] = loaded.original
        elif file.is_file():
            loaded.images[method] = _read(file)
        yield loaded
    loaded.skins = SkinDrawing(loaded.original, ct=modalities[case.image] == CT)
    yield loaded
    for image in loaded.images.values():
        loaded.skins.add(image)
        yield loaded


class NextCase:
    """Loads the case that will probably be asked for next whenever Slicer has nothing else to do.

    In steps of the event loop, not in a thread: no other part of Slicer has to expect it.
    """

    def __init__(self) -> None:
        self._case: ReviewCase | None = None
        self._methods: tuple[str, ...] = ()
        self._steps: Iterator[LoadedCase] = iter(())
        self._loaded: LoadedCase | None = None
        self._error: Exception | None = None

    def prepare(self, case: ReviewCase, methods: Sequence[str]) -> None:
        """Begin to load a case; what was loaded of another one is let go."""
        if (case, tuple(methods)) != (self._case, self._methods):
            self._case, self._methods = case, tuple(methods)
            self._steps, self._loaded, self._error = loading(case, methods), None, None
            self._go_on_later(self._steps)

    def take(self, case: ReviewCase, methods: Sequence[str]) -> LoadedCase:
        """The case, as far as it is loaded already; the rest is loaded now.

        Raises
        ------
        UnusableInput, FaceNotFound
            See `loading`.
        """
        self.prepare(case, methods)
        while self._step():
            pass
        loaded, error = self._loaded, self._error
        self.forget()
        if error is not None:
            raise error
        assert loaded is not None
        return loaded

    def forget(self) -> None:
        """Let go of what was loaded."""
        self._case, self._steps, self._loaded, self._error = None, iter(()), None, None

    def _go_on_later(self, steps: Iterator[LoadedCase]) -> None:
        def go_on() -> None:
            if steps is self._steps and self._step():
                self._go_on_later(steps)

        qt.QTimer.singleShot(PAUSE_MS, go_on)

    def _step(self) -> bool:
        """One step; whether there was one. What goes wrong is told to the one who asks for the case."""
        try:
            self._loaded = next(self._steps)
        except StopIteration:
            return False
        except Exception as error:
            self._error = error
            return False
        return True


def source_of(case: ReviewCase) -> Path:
    """The folder that a finished case was made from, as ``identifiable/key.csv`` says.

    Raises
    ------
    UnusableInput
        If the key does not say, or the folder is gone.
    """
    source = key_source(case.folder.parents[1], case.id)
    if source is None or not source.is_dir():
        raise UnusableInput(f"The original of {case.id} is not where it was compared from; the pictures are all there is.")
    return source


def _read(file: Path) -> sitk.Image:
    try:
        return sitk.ReadImage(str(file))
    except RuntimeError as error:
        raise UnusableInput(f"The defaced image {file.name} of {file.parent.name} is damaged: compare again.") from error
