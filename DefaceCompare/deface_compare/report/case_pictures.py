"""The pictures of one case: faces, slices with what lies over them, contact sheet. Embedded for made-up people only."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..cohort.arm_names import ArmNames
from ..output.folder import SLICE_INDEX, OutputFolder
from ..privacy.case_faces import REBUILT
from .pictures import Face, head_box, jpeg

ORIGINAL = "original"
MIME = {".jpg": "image/jpeg", ".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True)
class EditedSlice:
    """A slice after one method, and the outline of its edit (``""``: nothing was changed here)."""

    image: str
    edit: str


@dataclass(frozen=True)
class Plane:
    """One slice of a case: the original, contours and isodoses, and each method by key; all as addresses of pictures."""

    title: str
    original: str
    planned: str
    methods: Mapping[str, EditedSlice]


@dataclass(frozen=True)
class CasePictures:
    """All pictures of a case.

    Parameters
    ----------
    faces : tuple of Face
        The original first.
    links : tuple of (title, address)
        To what is shown elsewhere.
    legend : tuple of (title, colour)
        Of the contours and isodoses.
    """

    planes: tuple[Plane, ...] = ()
    faces: tuple[Face, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    legend: tuple[tuple[str, str], ...] = ()

    def data(self, names: ArmNames) -> dict[str, Any]:
        """As the page's script reads it."""
        return {
            "planes": [
                {
                    "title": plane.title,
                    "original": plane.original,
                    "planned": plane.planned,
                    "methods": {
                        str(place): {"image": plane.methods[arm.method].image, "edit": plane.methods[arm.method].edit}
                        for place, arm in enumerate(names.arms)
                        if arm.method in plane.methods
                    },
                }
                for plane in self.planes
            ],
            "faces": [{"title": face.title, "source": face.source} for face in self.faces if face.source],
            "links": [{"title": title, "href": address} for title, address in self.links],
            "legend": [{"title": title, "colour": colour} for title, colour in self.legend],
        }


def embedded(path: Path) -> str:
    """A picture's file as a data URI."""
    return f"data:{MIME[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def embedded_pictures(out: OutputFolder, case: str, titles: Mapping[str, str], image: str) -> CasePictures:
    """The pictures of a made-up person, for a page that is whole by itself; no other case may be passed."""
    original = out.render(case, image, ORIGINAL)
    faces: tuple[Face, ...] = ()
    if original.is_file():
        box = head_box(original)
        shown = [("Original", original), *((title, out.render(case, image, key)) for key, title in titles.items())]
        faces = tuple(Face(title, jpeg(path, box)) for title, path in shown if path.is_file())
    planes, legend = _slices(out, case, titles, embedded)
    return CasePictures(planes, faces, (), legend)


def linked_pictures(out: OutputFolder, case: str, titles: Mapping[str, str], page: Path) -> CasePictures:
    """The pictures of any case by their addresses.

    Parameters
    ----------
    page : Path
        The page that shows them, in an ``identifiable`` folder.
    """

    def address(path: Path) -> str:
        return quote(Path(os.path.relpath(path, page.parent)).as_posix())

    faces = []
    for original in sorted(out.renders(case).glob(f"*_{ORIGINAL}.png")):
        image = original.name.removesuffix(f"_{ORIGINAL}.png")
        shown = [("original", original), *((title, out.render(case, image, key)) for key, title in titles.items())]
        shown += [(f"{title}, rebuilt", out.render(case, image, key + REBUILT)) for key, title in titles.items()]
        faces += [Face(f"{image}, {title}", address(path)) for title, path in shown if path.is_file()]
    sheet = out.contact_sheet(case)
    links = (("Contact sheet: all faces, and those that an attacker rebuilt", address(sheet)),) if sheet.is_file() else ()
    planes, legend = _slices(out, case, titles, address)
    return CasePictures(planes, tuple(faces), links, legend)


def _slices(
    out: OutputFolder, case: str, methods: Iterable[str], address: Callable[[Path], str]
) -> tuple[tuple[Plane, ...], tuple[tuple[str, str], ...]]:
    """The slices that a case keeps, with the legend of their lines; nothing of a case that was compared without any."""
    folder = out.slices(case)
    index = folder / SLICE_INDEX
    if not index.is_file():
        return (), ()
    told = json.loads(index.read_text(encoding="utf-8"))
    planes = []
    for name, title in told["planes"]:
        edited = {}
        for key in methods:
            picture, outline = folder / f"{name}_{key}.jpg", folder / f"{name}_{key}_edit.svg"
            if picture.is_file():
                edited[key] = EditedSlice(address(picture), address(outline) if outline.is_file() else "")
        if edited:
            original, planned = folder / f"{name}_{ORIGINAL}.jpg", folder / f"{name}_planned.svg"
            planes.append(Plane(f"{told['image']}, {title}", address(original), address(planned), edited))
    return tuple(planes), tuple((title, colour) for title, colour in told["legend"])
