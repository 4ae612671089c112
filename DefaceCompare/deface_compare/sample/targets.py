"""Target volumes: three sites in the head, with their margins, cropped below the patient's own skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.average_head import template_image
from ..anatomy.head import Point
from .neck import JUGULAR, beside
from .organs import BRAIN_ORGAN, organ_depth
from .people.skin import DEPTH_LIMIT_MM
from .person_head import PersonHead
from .sites import BRAIN, HEAD_AND_NECK
from .template.shapes import Coordinates, Field, ellipsoid, joined, tube
from .template.source import like

CTV_MARGIN_MM = {BRAIN: 10.0, HEAD_AND_NECK: 6.0}
PTV_MARGIN_MM = 4.0
GTV_SPARING_MM = 1.5
"""A tumour reaches so far below the skin at most."""
SKIN_SPARING_MM, CHEEK_SPARING_MM = 4.0, 3.0
"""CTV and PTV stay this far below the skin, as planners crop them."""
NODES_RADIUS_MM, NODES_LOWEST_MM = 15.0, -205.0
"""Elective nodes along both jugular veins, levels II to IV: radius of the clinical volume, its lower end in average-head mm."""
CHEEK_X_MM = (24.0, 72.0)
CHEEK_DEPTH_MM = 9.0
"""A tumour in the cheek has its middle so far below the skin, somewhere between these x in average-head mm."""


@dataclass(frozen=True)
class Target:
    """One target volume.

    Parameters
    ----------
    name : str
        As in the structure set.
    group : str
        ``gtv``, ``ctv`` or ``ptv``.
    depth : SimpleITK.Image
        Depth inside it in average-head mm, float32, before it is cropped.
    sparing_mm : float
        It is cropped so far below the skin.
    """

    name: str
    group: str
    depth: sitk.Image
    sparing_mm: float


@dataclass(frozen=True)
class Targets:
    """The target volumes of a patient; `elective` is empty but for head and neck."""

    gtv: Target
    ctv: Target
    ptv: Target
    elective: tuple[Target, ...] = ()

    @property
    def all(self) -> tuple[Target, ...]:
        """Every target, gross tumour first."""
        return (self.gtv, self.ctv, self.ptv, *self.elective)


def random_targets(head: PersonHead, site: str, superficial: bool, random: np.random.Generator) -> Targets:
    """Gross tumour as two merged ellipsoids at a random place of the site, with its margins.

    Parameters
    ----------
    head : PersonHead
    site : str
        `BRAIN`: in one hemisphere; `HEAD_AND_NECK`: oropharynx with a node and elective necks, or the cheek if `superficial`.
    superficial : bool
        The gross tumour reaches to `GTV_SPARING_MM` below the skin.
    random : numpy.random.Generator
        Seeded.
    """
    grid = template_image("average_labels")
    at = Coordinates(grid)
    side = float(random.choice([-1.0, 1.0]))
    centre, radius = _place(head, site, superficial, side, random)
    gross = _merged(at, centre, radius, random)
    nodal = site == HEAD_AND_NECK and not superficial
    if nodal:
        x, y, z = JUGULAR[1]
        node = (side * (x + 2.0), y - 8.0, z + 26.0 + 8.0 * float(random.uniform(-1.0, 1.0)))
        gross = np.maximum(gross, _merged(at, node, 9.0, random))
    sparing = CHEEK_SPARING_MM if superficial else SKIN_SPARING_MM
    ptv = gross + np.float32(CTV_MARGIN_MM[site] + PTV_MARGIN_MM)
    ctv = gross + np.float32(CTV_MARGIN_MM[site])
    if site == BRAIN:
        brain = sitk.Resample(organ_depth(BRAIN_ORGAN), grid, sitk.Transform(), sitk.sitkLinear, -DEPTH_LIMIT_MM)
        ctv = np.minimum(ctv, sitk.GetArrayViewFromImage(brain))
    fields = (("GTV", gross, GTV_SPARING_MM), ("CTV", ctv, sparing), ("PTV", ptv, sparing))
    found = {name: Target(name, name.lower(), like(field.astype(np.float32), grid), mm) for name, field, mm in fields}
    return Targets(found["GTV"], found["CTV"], found["PTV"], _elective(at, ctv, grid) if nodal else ())


def _elective(at: Coordinates, ctv: Field, grid: sitk.Image) -> tuple[Target, ...]:
    """Both sides of the neck, levels II to IV, and the high-dose volume in it."""
    radii = [NODES_RADIUS_MM] * len(JUGULAR)
    necks = np.maximum(*(tube(at, beside([(x, y - 3.0, z) for x, y, z in JUGULAR], side), radii) for side in (-1.0, 1.0)))
    volume = np.maximum(ctv, np.minimum(necks, at.z - NODES_LOWEST_MM))
    return (
        Target("CTV 54", "ctv", like(volume.astype(np.float32), grid), SKIN_SPARING_MM),
        Target("PTV 54", "ptv", like((volume + np.float32(PTV_MARGIN_MM)).astype(np.float32), grid), SKIN_SPARING_MM),
    )


def _merged(at: Coordinates, centre: Point, radius_mm: float, random: np.random.Generator) -> Field:
    """Depth inside two merged random ellipsoids."""
    radii: list[Point] = []
    for _ in range(2):
        stretch = radius_mm * (1.0 + 0.2 * random.uniform(-1.0, 1.0, 3))
        radii.append((float(stretch[0]), float(stretch[1]), float(stretch[2])))
    x, y, z = (np.array(centre) + random.uniform(-0.6, 0.6, 3) * radius_mm).tolist()
    return joined(ellipsoid(at, centre, radii[0]), ellipsoid(at, (x, y, z), radii[1]), 4.0)


def _place(head: PersonHead, site: str, superficial: bool, side: float, random: np.random.Generator) -> tuple[Point, float]:
    """Centre in average-head mm and radius in mm of the gross tumour."""
    jitter = random.uniform(-1.0, 1.0, 3)
    if site == BRAIN:
        return (side * (32.0 + 6.0 * jitter[0]), 10.0 + 28.0 * jitter[1], 18.0 + 14.0 * jitter[2]), 15.0
    if superficial:
        y, z = -68.0 + 3.0 * jitter[1], -96.0 + 3.0 * jitter[2]
        return (side * _cheek_x(head, side, y, z), y, z), 13.0
    return (side * (14.0 + 4.0 * jitter[0]), -20.0 + 3.0 * jitter[1], -104.0 + 6.0 * jitter[2]), 13.0


def _cheek_x(head: PersonHead, side: float, y: float, z: float) -> float:
    """How far from the mid-plane, in average-head mm, a cheek lies `CHEEK_DEPTH_MM` below the patient's skin."""
    x = np.arange(*CHEEK_X_MM)
    points = np.column_stack([side * x, np.full(len(x), y), np.full(len(x), z)])
    depth = head.skin_depth(head.patient_points(points))
    return float(x[np.abs(depth - CHEEK_DEPTH_MM).argmin()])


def target_depth(target: Target, sampled: NDArray[np.float32], skin: NDArray[np.float32]) -> NDArray[np.float32]:
    """Depth inside a target where its field and the depth below the skin have these values, in mm; same shape."""
    return np.minimum(sampled, skin - np.float32(target.sparing_mm))
