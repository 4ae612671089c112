"""How our views stand together: one big face, a face and the DVH, or a row of all faces; each as the XML of a Slicer layout."""

from __future__ import annotations

FACE, FACE_AND_DVH, ROW = "face", "face_and_dvh", "row"
ARRANGEMENTS = (FACE, FACE_AND_DVH, ROW)
"""In the order of the panel's list."""

FIRST_LAYOUT_ID = 5206
"""Numbers of our layouts begin here (Slicer's own are below 100): a row's is this plus the number of versions."""
MOST_VERSIONS, KNOWN_VERSIONS = 99, 9
"""How many rows are ours by their numbers; so many are described beforehand, for scenes that were saved with one."""
FACE_LAYOUT_ID, DVH_LAYOUT_ID = FIRST_LAYOUT_ID + MOST_VERSIONS + 1, FIRST_LAYOUT_ID + MOST_VERSIONS + 2
FACES_IN_A_ROW = 3
"""Beside the slices three of them, each higher than wide as a head is, share 532 pixels in a window of 1280."""
FACE_SHARE, REST_SHARE = 650, 350
"""How the big views share the room with the column of slices. A slice view cannot be made narrower than its controls, 335 pixels
(Slicer 5.12.3): three side by side forced the window to 1428, so they stand one below the other in every arrangement."""
VIEWS_HEIGHT_OVER_WIDTH = 1.25
"""Of the room left of the slices in a window of 1280 × 800 (523 × 655 pixels, Slicer 5.12.3); a wider one has more room."""
HALF_SHARE = 500
"""Of DVH and face, one above the other: a chart without a share of its own got 208 of 1012 pixels."""
FACE_TAG, DVH_TAG = "DefaceFace", "DefaceDVH"
ORIGINAL_TAG, VERSION_TAG = "DefaceOriginal", "DefaceVersion{number}"
"""Names of our own 3D and plot views; the user's views stay as they are."""
SLICES = {
    "DefaceAxial": ("Axial", "A", "#F34A33"),
    "DefaceSagittal": ("Sagittal", "S", "#EDD54C"),
    "DefaceCoronal": ("Coronal", "C", "#6EB04B"),
}
"""Names of our own slice views; orientation, label and Slicer's colour of each."""


def layout_id(arrangement: str, versions: int) -> int:
    """The number of an arrangement's layout for some versions beside the original."""
    return {FACE: FACE_LAYOUT_ID, FACE_AND_DVH: DVH_LAYOUT_ID}.get(arrangement, FIRST_LAYOUT_ID + versions)


def is_ours(number: int) -> bool:
    """Whether a layout's number is one of ours."""
    return FIRST_LAYOUT_ID <= number <= DVH_LAYOUT_ID


def is_own_name(name: str) -> bool:
    """Whether a view's layout name is one of ours."""
    return name in (*SLICES, FACE_TAG, DVH_TAG, ORIGINAL_TAG) or name.startswith(VERSION_TAG.format(number=""))


def version_tag(number: int) -> str:
    """The tag of the view that shows a version in the row, counted from 1."""
    return VERSION_TAG.format(number=number)


def face_tags(versions: int) -> list[str]:
    """The tags of the row's 3D views, the original's first."""
    return [ORIGINAL_TAG, *map(version_tag, range(1, versions + 1))]


def tags_of_faces(arrangement: str, versions: int) -> list[str]:
    """The tags of all 3D views of an arrangement."""
    return face_tags(versions) if arrangement == ROW else [FACE_TAG]


def face_rows(versions: int) -> list[list[str]]:
    """The row's 3D views in rows of nearly equal length."""
    tags = face_tags(versions)
    rows = -(-len(tags) // FACES_IN_A_ROW)
    length = -(-len(tags) // rows)
    return [tags[first : first + length] for first in range(0, len(tags), length)]


def face_height_over_width(arrangement: str, versions: int) -> float:
    """Height over width of a 3D view of an arrangement."""
    rows = face_rows(versions)
    columns, lines = {FACE: (1, 1), FACE_AND_DVH: (1, 2)}.get(arrangement, (len(rows[0]), len(rows)))
    return VIEWS_HEIGHT_OVER_WIDTH * columns / lines


def layout_description(arrangement: str, versions: int) -> str:
    """The layout's XML.

    Parameters
    ----------
    arrangement : str
        One of `ARRANGEMENTS`: the big face, the DVH above a face, or one 3D view for the original and for each version; each with
        the slices in a column beside it.
    versions : int
        Beside the original; only a row depends on it.
    """
    if arrangement == FACE:
        return _beside_slices(_face(FACE_TAG, "face"))
    if arrangement == FACE_AND_DVH:
        plot = f'<view class="vtkMRMLPlotViewNode" singletontag="{DVH_TAG}">{_property("viewlabel", "DVH")}</view>'
        return _beside_slices(_panes("vertical", [plot, _face(FACE_TAG, "face")], [HALF_SHARE, HALF_SHARE]))
    numbers = {tag: str(number) for number, tag in enumerate(face_tags(versions))}
    rows = [_panes("horizontal", [_face(tag, numbers[tag]) for tag in tags]) for tags in face_rows(versions)]
    return _beside_slices(_panes("vertical", rows))


def _beside_slices(big: str) -> str:
    """What is looked at first, left of the slices in a column."""
    slices = [_slice(tag, *told) for tag, told in SLICES.items()]
    return _panes("horizontal", [big, _panes("vertical", slices)], [FACE_SHARE, REST_SHARE])


def _face(tag: str, label: str) -> str:
    return f'<view class="vtkMRMLViewNode" singletontag="{tag}">{_property("viewlabel", label)}</view>'


def _slice(tag: str, orientation: str, label: str, colour: str) -> str:
    told = _property("orientation", orientation) + _property("viewlabel", label) + _property("viewcolor", colour)
    return f'<view class="vtkMRMLSliceNode" singletontag="{tag}">{told}</view>'


def _property(name: str, value: str) -> str:
    return f'<property name="{name}" action="default">{value}</property>'


def _panes(direction: str, parts: list[str], shares: list[int] | None = None) -> str:
    """Parts beside each other or one below the other, with a handle between them."""
    sizes = [f' splitSize="{share}"' for share in shares] if shares else [""] * len(parts)
    items = "".join(f"<item{size}>{part}</item>" for size, part in zip(sizes, parts, strict=True))
    return f'<layout type="{direction}" split="true">{items}</layout>'
