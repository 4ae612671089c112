"""What lies on a patient or stands around the head on the planning CT: shells, bolus, bite block, frame, streaks of fillings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..anatomy.head import Point
from .changed_anatomy import AveragePoints
from .difficulty import Difficulty
from .people.skin import DEPTH_LIMIT_MM
from .person_head import PersonHead
from .pose import CONDYLES_MM
from .template.shapes import Coordinates, Field, ellipsoid, tube
from .template.source import like

SHELL_MM, SHELL_GAP_MM, SHELL_HU = 2.5, 4.0, 120.0
"""Thickness of a thermoplastic shell after moulding, its distance from the skin where it does not touch, its CT number."""
SHELL_TOP_MM, SHELL_BOTTOM_MM, SHELL_BACK_MM = 55.0, -165.0, 0.0
"""z and y in average-head mm between which the shell covers the head: forehead to neck, the front half."""
MASK_MM = 6.0
"""A full mask's thickness: thicker than what the outline opens away as a shell, as reinforced and overlapping sheets are."""
SPAN_MM, NECK_SPAN_MM, TAUT_MM = 35.0, 150.0, 1.0
"""A full mask spans what a ball of this radius does not reach into, drawn in so far: eye sockets, nose bridge; it is taut from
chin to chest."""
NECK_FROM_MM = -112.0
"""z in average-head mm below which the second radius counts: under the lower lip."""
SPAN_GRID_MM = 3.0
"""Grid on which the ball is rolled."""
MASK_BACK_MM, MASK_BOTTOM_MM = 25.0, -245.0
"""y and z in patient mm of a full mask's ends: behind the ears, where it meets its frame, and on the shoulders."""
OPEN_BITE_DEGREES = 22.5
"""The lips below straight forward, seen from the condyles."""
OPEN_BLOCK_MM = (13.0, 6.0, 72.0, 152.0)
"""Half width and half height of a bite block in an open mouth; where it begins and ends before the condyles."""
BOLUS_MM, BOLUS_HU = 10.0, 15.0
BITE_BLOCK_HU, FRAME_HU = 80.0, 1800.0
FRAME_RING_MM, FRAME_THICKNESS_MM = (116.0, 138.0), 12.0
"""Half axes (x, y) and thickness of a stereotactic frame's ring."""
FLANGE_HU, FLANGE_MM, CONNECTOR_MM = 150.0, 4.0, 24.0
"""CT number of a tracheal tube's flange, its thickness, and how far its connector stands out."""
FILLINGS: tuple[Point, ...] = ((21.0, -76.0, -99.0), (-25.0, -68.0, -99.0), (7.0, -87.0, -102.0))
FILLING_MM, FILLING_HU = 3.5, 3071.0
STREAK_HU, STREAK_REACH_MM, STREAK_HEIGHT_MM, STREAK_RAYS = 1300.0, 45.0, 4.0, 7
"""Height of the streaks next to a filling, how fast they fade, half thickness of the streaked slices, rays a filling."""


@dataclass(frozen=True)
class Attachment:
    """One thing outside the skin.

    Parameters
    ----------
    name : str
        What planners would call it.
    depth : ndarray of float32, shape (z, y, x)
        mm inside it on the CT's grid.
    hu : float
    planned : bool
        Does it get a contour in the structure set?
    inside : bool
        Does it also replace what the skin encloses, as a bite block does in an open mouth?
    """

    name: str
    depth: Field
    hu: float
    planned: bool = False
    inside: bool = False


def attachments_of(
    difficulties: Sequence[Difficulty], head: PersonHead, grid: sitk.Image, depth: Field | None = None
) -> tuple[Attachment, ...]:
    """The attachments of these difficulties on a CT grid (LPS mm, identity direction).

    Parameters
    ----------
    depth : ndarray, shape (z, y, x), optional
        Depth in mm below the skin on `grid` (`PersonHead.skin_on`), where it is known already.
    """
    makers = {
        Difficulty.SHELL_TOUCHING: lambda at, outside: [Attachment("Shell", shell(at, outside, 0.0), SHELL_HU)],
        Difficulty.SHELL_OFF: lambda at, outside: [Attachment("Shell", shell(at, outside, SHELL_GAP_MM), SHELL_HU)],
        Difficulty.BOLUS: lambda at, outside: [Attachment("Bolus", bolus(at, outside), BOLUS_HU, planned=True)],
        Difficulty.BITE_BLOCK: lambda at, outside: [Attachment("Bite block", bite_block(at), BITE_BLOCK_HU)],
        Difficulty.FRAME: lambda at, outside: [Attachment("Frame", frame(at), FRAME_HU)],
        Difficulty.TRACHEOSTOMY: lambda at, outside: [Attachment("Tube", flange(at, outside), FLANGE_HU)],
        Difficulty.MOUTH_OPEN: lambda at, outside: [
            Attachment("Bite block", open_bite_block(head, grid), BITE_BLOCK_HU, inside=True)
        ],
        Difficulty.FULL_MASK: lambda at, outside: [Attachment("Mask", full_mask(at, outside, grid), SHELL_HU)],
    }
    wanted = [maker for difficulty, maker in makers.items() if difficulty in difficulties]
    if not wanted:
        return ()
    average_mm = head.average_on(grid)
    outside = -(head.skin_on(grid) if depth is None else depth)
    return tuple(attachment for maker in wanted for attachment in maker(AveragePoints(average_mm), outside))


def shell(at: Coordinates, outside_mm: Field, gap_mm: float) -> Field:
    """A sheet that follows the skin of the front half of the head."""
    sheet = np.minimum(outside_mm - gap_mm, gap_mm + SHELL_MM - outside_mm)
    ends = np.minimum(np.minimum(SHELL_BACK_MM - at.y, SHELL_TOP_MM - at.z), at.z - SHELL_BOTTOM_MM)
    return np.asarray(np.minimum(sheet, ends), dtype=np.float32)


def full_mask(average: Coordinates, outside_mm: Field, grid: sitk.Image) -> Field:
    """A sheet from the vertex to the shoulders that touches the skin and spans its hollows.

    Parameters
    ----------
    average : Coordinates
        Where the voxels of `grid` lie in the average head.
    outside_mm : ndarray, shape (z, y, x)
        Distance from the skin on `grid`.
    grid : SimpleITK.Image
        LPS mm, identity direction.
    """
    at = Coordinates(grid)
    off = np.minimum(outside_mm, TAUT_MM - _spanned_depth(outside_mm, grid, SPAN_MM))
    neck = np.maximum(TAUT_MM - _spanned_depth(outside_mm, grid, NECK_SPAN_MM), average.z - NECK_FROM_MM)
    off = np.minimum(off, neck)
    ends = np.minimum(MASK_BACK_MM - at.y, at.z - MASK_BOTTOM_MM)
    return np.asarray(np.minimum(np.minimum(off, MASK_MM - off), ends), dtype=np.float32)


def _spanned_depth(outside_mm: Field, grid: sitk.Image, ball_mm: float) -> Field:
    """Depth in mm inside a patient whose hollows are spanned where a ball of that radius does not reach, shape (z, y, x)."""
    extent = np.array(grid.GetSize()) * np.array(grid.GetSpacing())
    size = [int(n) for n in np.ceil(extent / SPAN_GRID_MM)]
    spacing = [SPAN_GRID_MM] * 3
    coarse = sitk.Resample(
        like(outside_mm, grid),
        size,
        sitk.Transform(),
        sitk.sitkLinear,
        grid.GetOrigin(),
        spacing,
        grid.GetDirection(),
        DEPTH_LIMIT_MM,
    )
    margin = int(np.ceil(ball_mm / SPAN_GRID_MM)) + 2
    solid = np.pad(sitk.GetArrayFromImage(coarse) < 0.0, ((margin, margin), (0, 0), (0, 0)), mode="edge")
    solid = np.pad(solid, ((0, 0), (margin, margin), (margin, margin)))
    grown = ndimage.distance_transform_edt(~solid, spacing) <= ball_mm
    depth = ndimage.distance_transform_edt(grown, spacing) - ball_mm
    inner = (slice(margin, -margin),) * 3
    smooth = like(ndimage.gaussian_filter(depth, 1.0)[inner].astype(np.float32), coarse)
    return sitk.GetArrayFromImage(sitk.Resample(smooth, grid, sitk.Transform(), sitk.sitkLinear, -DEPTH_LIMIT_MM))


def open_bite_block(head: PersonHead, grid: sitk.Image) -> Field:
    """A bar halfway between the opened rows of teeth, from behind the incisors to 40 mm in front of the lips."""
    x, y, z = head.straightened_on(grid)
    opening = 0.0 if head.pose is None else head.pose.opening_degrees
    down = np.radians(OPEN_BITE_DEGREES + 0.5 * opening)
    forward, below = CONDYLES_MM[0] - y, CONDYLES_MM[1] - z
    along, across = np.cos(down) * forward + np.sin(down) * below, np.cos(down) * below - np.sin(down) * forward
    bar = np.minimum(OPEN_BLOCK_MM[0] - np.abs(x), OPEN_BLOCK_MM[1] - np.abs(across))
    return np.asarray(np.minimum(bar, np.minimum(along - OPEN_BLOCK_MM[2], OPEN_BLOCK_MM[3] - along)), dtype=np.float32)


def bolus(at: Coordinates, outside_mm: Field) -> Field:
    """A slab on the left cheek and the nose."""
    place = ellipsoid(at, (22.0, -95.0, -78.0), (42.0, 55.0, 34.0))
    return np.asarray(np.minimum(np.minimum(outside_mm, BOLUS_MM - outside_mm), place), dtype=np.float32)


def bite_block(at: Coordinates) -> Field:
    """A flat bar from the teeth to 45 mm in front of the lips."""
    bar = np.minimum(13.0 - np.abs(at.x), 6.0 - np.abs(at.z + 102.5))
    return np.asarray(np.minimum(bar, np.minimum(at.y + 142.0, -75.0 - at.y)), dtype=np.float32)


def frame(at: Coordinates) -> Field:
    """A ring at the level of the nose, four posts and the pins from their tops to the skull."""
    ring = ellipsoid(at, (0.0, 5.0, -70.0), (*FRAME_RING_MM, 1e4))
    solid = np.minimum(np.minimum(ring, FRAME_THICKNESS_MM - ring), 0.5 * FRAME_THICKNESS_MM - np.abs(at.z + 70.0))
    for x, y, reach_x, reach_y in (
        (-86.0, -78.0, -52.0, -58.0),
        (86.0, -78.0, 52.0, -58.0),
        (-86.0, 82.0, -58.0, 58.0),
        (86.0, 82.0, 58.0, 58.0),
    ):
        post = np.minimum(5.0 - np.maximum(np.abs(at.x - x), np.abs(at.y - y)), np.minimum(at.z + 70.0, 38.0 - at.z))
        pin = tube(at, [(x, y, 32.0), (reach_x, reach_y, 32.0)], [2.5, 1.5])
        solid = np.maximum(solid, np.maximum(post, pin))
    return np.asarray(solid, dtype=np.float32)


def flange(at: Coordinates, outside_mm: Field) -> Field:
    """Plate on the skin of the neck and the connector in front of it."""
    sheet = np.minimum(outside_mm, FLANGE_MM - outside_mm)
    plate = np.minimum(sheet, ellipsoid(at, (0.0, -60.0, -157.0), (34.0, 45.0, 11.0)))
    connector = np.minimum(tube(at, [(0.0, -42.0, -157.0), (0.0, -110.0, -146.0)], [8.0, 8.0]), CONNECTOR_MM - outside_mm)
    return np.asarray(np.maximum(plate, np.minimum(connector, outside_mm)), dtype=np.float32)


def with_attachments(ct: sitk.Image, attachments: Sequence[Attachment], occupied: NDArray[np.float32]) -> sitk.Image:
    """The CT with the attachments in its air.

    Parameters
    ----------
    ct : SimpleITK.Image
        int16, HU.
    attachments : sequence of Attachment
    occupied : ndarray, shape (z, y, x)
        Fraction of each voxel that lies inside the skin.
    """
    hu = sitk.GetArrayFromImage(ct).astype(np.float32)
    free = 1.0 - occupied
    for attachment in attachments:
        share = np.clip(0.5 + attachment.depth / np.float32(min(ct.GetSpacing())), 0.0, 1.0)
        if attachment.inside:
            hu += share * (attachment.hu - hu)
        else:
            hu += np.minimum(share, free) * (attachment.hu + 1000.0)
    return like(np.rint(np.clip(hu, -1024, 3071)).astype(np.int16), ct)


def with_streaks(ct: sitk.Image, head: PersonHead, random: np.random.Generator) -> sitk.Image:
    """The CT with three dental fillings and the bright and dark rays around them, inside the head and in the air."""
    x, y, z = head.average_on(ct)
    hu = sitk.GetArrayFromImage(ct).astype(np.float32)
    for centre in FILLINGS:
        along, across, height = x - centre[0], y - centre[1], z - centre[2]
        distance = np.hypot(along, across)
        rays = np.cos(STREAK_RAYS * np.arctan2(across, along) + random.uniform(0.0, 2.0 * np.pi)) ** 3
        fade = np.exp(-distance / STREAK_REACH_MM - (height / STREAK_HEIGHT_MM) ** 2)
        hu += STREAK_HU * rays * fade
        hu[distance**2 + height**2 < FILLING_MM**2] = FILLING_HU
    return like(np.rint(np.clip(hu, -1024, 3071)).astype(np.int16), ct)
