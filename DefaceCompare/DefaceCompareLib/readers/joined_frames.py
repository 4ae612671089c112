"""Images and dose of other frames of reference, placed in the frame that a registration joins them to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from ..case import CaseImage, Dose, OwnFrame
from .dicom_reg import Matrix

Joins = Mapping[str, tuple[str, Matrix]]
"""FrameOfReferenceUID to the frame it is joined to and the rigid matrix (4, 4) that maps its LPS mm there."""


def moved(image: sitk.Image, matrix: Matrix) -> sitk.Image:
    """The same voxels on the grid moved by a rigid matrix (4, 4), LPS mm: nothing is resampled."""
    result = sitk.Image(image)
    result.SetOrigin((matrix[:3, :3] @ np.array(image.GetOrigin()) + matrix[:3, 3]).tolist())
    result.SetDirection((matrix[:3, :3] @ np.array(image.GetDirection()).reshape(3, 3)).ravel().tolist())
    return result


def joined_image(image: CaseImage, joins: Joins) -> CaseImage:
    """An image in the frame that its own is joined to; unchanged if there is no registration."""
    if image.frame_of_reference_uid not in joins:
        return image
    target, matrix = joins[image.frame_of_reference_uid]
    return replace(
        image,
        image=moved(image.image, matrix),
        frame_of_reference_uid=target,
        own_frame=OwnFrame(image.frame_of_reference_uid, image.image.GetOrigin(), image.image.GetDirection()),
        notes=(*image.notes, "placed by a Spatial Registration object; its voxels were not resampled"),
    )


def joined_dose(dose: Dose, joins: Joins) -> Dose:
    """The dose in the frame that its own is joined to; unchanged if there is no registration."""
    if dose.frame_of_reference_uid not in joins:
        return dose
    target, matrix = joins[dose.frame_of_reference_uid]
    return replace(
        dose,
        image=moved(dose.image, matrix),
        frame_of_reference_uid=target,
        own_frame=OwnFrame(dose.frame_of_reference_uid, dose.image.GetOrigin(), dose.image.GetDirection()),
        notes=(*dose.notes, "the dose was placed by a Spatial Registration object; its voxels were not resampled"),
    )
