"""Defacings that leave the face in the image, one function each: what tools do wrong, and what would fool a gate."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from deface_compare.anatomy.air import air_level, skin_threshold
from deface_compare.anatomy.face_region import FaceRegion, face_region
from deface_compare.anatomy.head import Head
from deface_compare.case import CaseImage
from deface_compare.geometry.boxes import whole_box
from deface_compare.geometry.level_set import distance_outside_mm, grid_points_mm

Values = NDArray[np.float64]

BRAIN_MM = 3.0
"""Nothing changes this near to the brain."""


@dataclass(frozen=True)
class Face:
    """An image of a patient and where its voxels lie; the image lies on the head's grid.

    Parameters
    ----------
    values : ndarray, shape (z, y, x)
    level_mm : ndarray, shape (z, y, x)
        mm from the skin, negative inside.
    in_front : ndarray of bool, shape (z, y, x)
        The space of the face from brow to chin, without what lies near the brain: that would be found as a brain that is altered.
    points_mm : ndarray, shape (z, y, x, 3)
        LPS mm.
    air, isovalue : float
    region : FaceRegion
    head : Head
    spacing_mm : float
    """

    values: Values
    level_mm: Values
    in_front: NDArray[np.bool_]
    points_mm: Values
    air: float
    isovalue: float
    region: FaceRegion
    head: Head
    spacing_mm: float

    @property
    def contrast(self) -> float:
        """From air to the skin threshold."""
        return self.isovalue - self.air

    @property
    def tissue(self) -> float:
        """Median of what lies under the skin."""
        return float(np.median(self.values[self.in_front & (self.level_mm < -1.0) & (self.level_mm > -12.0)]))

    def background(self) -> Values:
        """Air with the scan's own noise."""
        air = self.values[self.in_front & (self.level_mm > 8.0)]
        return np.random.default_rng(3).choice(air, self.values.shape)

    def noise(self, sigma: float) -> Values:
        """White noise."""
        return sigma * np.random.default_rng(4).standard_normal(self.values.shape)

    def only_face(self, new: Values, where: NDArray[np.bool_] | bool = True) -> Values:
        """`new` in the face's space and `where`, the original elsewhere."""
        return np.where(self.in_front & where, new, self.values)

    def pulled(self, points_mm: Values) -> Values:
        """The values found at other places, shape (z, y, x, 3)."""
        index = (points_mm - self.points_mm[0, 0, 0]) / self.spacing_mm
        return ndimage.map_coordinates(self.values, np.moveaxis(index[..., ::-1], -1, 0), order=1, mode="nearest")


def face_of(image: CaseImage, head: Head) -> Face:
    """The fields of an image on its head's grid; those of the last two are kept, and nobody can change them."""
    for known_image, known in _KNOWN:
        if known_image is image and known.head is head:
            return known
    face = _fields(image, head)
    for field in (face.values, face.level_mm, face.in_front, face.points_mm):
        field.setflags(write=False)
    _KNOWN.append((image, face))
    return face


_KNOWN: deque[tuple[CaseImage, Face]] = deque(maxlen=2)


def _fields(image: CaseImage, head: Head) -> Face:
    grid, shape = head.grid, image.array().shape
    points = grid_points_mm(grid, whole_box(grid))
    region = face_region(head)
    off_brain = distance_outside_mm(sitk.GetArrayViewFromImage(head.brain) > 0, grid.GetSpacing()[0]) > BRAIN_MM
    return Face(
        image.array().astype(np.float64),
        head.skin_level_mm.astype(np.float64),
        region.face(points).reshape(shape) & off_brain,
        points.reshape(*shape, 3),
        air_level(image),
        skin_threshold(image),
        region,
        head,
        grid.GetSpacing()[0],
    )


def dilated(face: Face) -> Values:
    """The head grown by 3 mm of its own grey values."""
    reach = np.arange(-2, 3) * face.spacing_mm
    ball = sum(np.square(axis) for axis in np.meshgrid(reach, reach, reach, indexing="ij")) <= 3.0**2
    return face.only_face(ndimage.grey_dilation(face.values, footprint=ball))


def grown_by_tissue(face: Face) -> Values:
    """3 mm of noisy tissue laid on the skin."""
    return face.only_face(face.tissue + face.noise(0.02 * face.contrast), (face.level_mm < 3.0) & (face.level_mm > -1.0))


def eroded(face: Face) -> Values:
    """3 mm of skin taken off."""
    return face.only_face(face.background(), face.level_mm > -3.0)


def shell(face: Face) -> Values:
    """A noisy wall 4 to 10 mm before the skin."""
    wall = (face.level_mm > 4.0) & (face.level_mm < 10.0)
    return face.only_face(face.tissue + face.noise(0.3 * face.contrast), wall)


def filled(face: Face) -> Values:
    """All air before the face is noisy bone."""
    return face.only_face(face.air + 2.4 * face.contrast + face.noise(0.1 * face.contrast), face.level_mm > 0.0)


def bright_layer(face: Face) -> Values:
    """The skin painted over, 3 mm thick, with something as bright as metal."""
    return face.only_face(
        face.air + 4.0 * face.contrast + face.noise(0.1 * face.contrast), (face.level_mm > 0) & (face.level_mm < 3)
    )


def dimmed(face: Face) -> Values:
    """Values times 0.15 from air on: under the skin threshold."""
    return face.only_face(face.air + 0.15 * (face.values - face.air))


def capped(face: Face) -> Values:
    """Cleared only down to just under the threshold."""
    return face.only_face(np.minimum(face.values, face.air + 0.9 * face.contrast))


def inverted(face: Face) -> Values:
    """Air and tissue exchanged."""
    top = float(np.percentile(face.values[face.in_front], 99))
    return face.only_face(top + face.air - np.minimum(face.values, top))


def cubed(face: Face) -> Values:
    """A monotone change of contrast that leaves little of soft tissue."""
    top = float(np.percentile(face.values[face.in_front] - face.air, 99.5))
    return face.only_face(face.air + 0.9 * face.contrast * (np.maximum(face.values - face.air, 0.0) / top) ** 3)


def flat(face: Face) -> Values:
    """The whole face is one value, brighter than skin."""
    return face.only_face(np.full(face.values.shape, face.air + 3.0 * face.contrast), face.level_mm < 0.0)


def hollowed(face: Face) -> Values:
    """Emptied behind 2 mm of skin."""
    return face.only_face(face.background(), (face.level_mm < -2.0) & (face.level_mm > -25.0))


def shifted(face: Face) -> Values:
    """The face pushed in by 4 mm."""
    return face.only_face(face.pulled(face.points_mm - [0.0, 4.0, 0.0]))


def shifted_and_turned(face: Face) -> Values:
    """The face pulled 5 mm forward and 3 mm up, and nodded by 4 degrees about the nasion."""
    nasion, angle = np.array(face.head.landmarks_mm["nasion"]), np.radians(4.0)
    nod = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    return face.only_face(face.pulled((face.points_mm + np.array([0.0, 5.0, -3.0]) - nasion) @ nod.T + nasion))


def mirrored(face: Face) -> Values:
    """Left and right exchanged, 4 mm further in."""
    middle = face.head.landmarks_mm["nose_tip"][0]
    return face.only_face(face.pulled((face.points_mm - [0.0, 4.0, 0.0]) * [-1.0, 1.0, 1.0] + [2.0 * middle, 0.0, 0.0]))


def partly_dimmed(face: Face) -> Values:
    """The lower 60 % of the face is gone, the rest dimmed."""
    skin = face.in_front & (np.abs(face.level_mm) < 1.0)
    lower = face.points_mm[..., 2] < np.percentile(face.points_mm[skin][:, 2], 60.0)
    return np.where(lower, face.only_face(face.background()), dimmed(face))


def blurred(face: Face) -> Values:
    """Values blurred by a Gaussian of 3 mm, the shape left."""
    return face.only_face(ndimage.gaussian_filter(face.values, 3.0 / face.spacing_mm))


def chequered(face: Face) -> Values:
    """Every other block of 16 mm cleared."""
    return face.only_face(face.background(), np.floor(face.points_mm / 16.0).sum(axis=-1).astype(int) % 2 == 0)


def without_nose_tip(face: Face) -> Values:
    """15 mm around the nose's tip cleared."""
    tip = np.array(face.head.landmarks_mm["nose_tip"])
    return face.only_face(face.background(), np.linalg.norm(face.points_mm - tip, axis=-1) < 15.0)


def eye_boxes(face: Face) -> Values:
    """Boxes of 44 x 30 mm over the eyes cleared."""
    eyes = [np.abs(face.points_mm - np.array(face.head.landmarks_mm[name])) for name in ("eye_left", "eye_right")]
    return face.only_face(face.background(), np.any([(each[..., 0] < 22) & (each[..., 2] < 15) for each in eyes], axis=0))


def sixty_percent(face: Face) -> Values:
    """The lower 60 % of the face cleared."""
    skin = face.in_front & (np.abs(face.level_mm) < 1.0)
    return face.only_face(face.background(), face.points_mm[..., 2] < np.percentile(face.points_mm[skin][:, 2], 60.0))


def noisy(face: Face) -> Values:
    """Noise added."""
    return face.only_face(face.values + face.noise(0.1 * face.contrast))


def gone(face: Face) -> Values:
    """All of the face is air with the scan's noise: a good defacing."""
    return face.only_face(face.background())
