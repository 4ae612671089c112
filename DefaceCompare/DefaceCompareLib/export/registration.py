"""Which Spatial Registration objects go along: matrices between frames of reference that are exported."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..readers.dicom_reg import SPATIAL_REGISTRATION
from ..readers.dicom_scan import Header


def exported_registrations(headers: Sequence[Header], frames: Collection[str], instances: Collection[str]) -> list[Header]:
    """The rigid registrations all of whose frames (or images) are exported; deformable ones stay behind."""
    return [header for header in headers if _belongs(header, frames, instances)]


def _belongs(header: Header, frames: Collection[str], instances: Collection[str]) -> bool:
    items = header.dataset.get("RegistrationSequence") or []
    if header.text("SOPClassUID") != SPATIAL_REGISTRATION or not items or header.text("FrameOfReferenceUID") not in frames:
        return False
    for item in items:
        frame = str(item.get("FrameOfReferenceUID") or "")
        images = [str(each.get("ReferencedSOPInstanceUID") or "") for each in item.get("ReferencedImageSequence") or []]
        if frame not in frames if frame else not (images and set(images) <= set(instances)):
            return False
    return True
