"""Where a camera stands before a head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .head_field import HeadField

VIEW_ANGLE_DEG = 30.0
WIDTH_SHARE, HEIGHT_SHARE = 1.15, 1.4
"""Field over head: in height it has room for a chin 240 mm below the vertex, seen from a little above."""


@dataclass(frozen=True)
class Direction:
    """From where a face is looked at, degrees: from straight before it towards patient left, and upwards."""

    yaw_deg: float
    pitch_deg: float = 0.0


FRONT, LEFT, RIGHT = Direction(0.0), Direction(90.0), Direction(-90.0)
THREE_QUARTERS = Direction(25.0, 5.0)
"""Where the camera stands at first: nose and brow in profile."""


def stand_before(camera: Any, head: HeadField, direction: Direction, height_over_width: float = 1.0) -> None:
    """Put a camera before a head so that the head fills the view.

    Parameters
    ----------
    camera : vtkMRMLCameraNode
    head : HeadField
    direction : Direction
    height_over_width : float
        Of the view.
    """
    yaw, pitch = np.deg2rad(direction.yaw_deg), np.deg2rad(direction.pitch_deg)
    width_mm = np.hypot(np.cos(yaw) * head.size_mm[0], np.sin(yaw) * head.size_mm[1])  # of an ellipse
    field = max(HEIGHT_SHARE * head.size_mm[2], WIDTH_SHARE * height_over_width * width_mm)
    towards = np.array([-np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), np.sin(pitch)])
    in_front_mm = 0.5 * float(np.hypot(towards[0] * head.size_mm[0], towards[1] * head.size_mm[1]))  # so far the face is nearer
    distance = 0.5 * field / np.tan(np.deg2rad(0.5 * VIEW_ANGLE_DEG)) + in_front_mm
    camera.SetViewAngle(VIEW_ANGLE_DEG)
    camera.SetFocalPoint(*head.centre)
    camera.SetPosition(*(head.centre + distance * towards))
    camera.SetViewUp(0.0, 0.0, 1.0)
    camera.ResetClippingRange()
