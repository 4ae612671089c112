"""What else of a DICOM object can show the face or speak of the pixels before: it goes, in every sequence."""

from __future__ import annotations

from collections import Counter

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from .uid_map import stored_vr

STALE = frozenset(
    {
        "IconImageSequence",
        "DigitalSignaturesSequence",
        "MACParametersSequence",
        "EncryptedAttributesSequence",
        "OriginalAttributesSequence",
        "DataSetTrailingPadding",
        "SmallestImagePixelValue",
        "LargestImagePixelValue",
        "SmallestPixelValueInSeries",
        "LargestPixelValueInSeries",
        "SmallestImagePixelValueInPlane",
        "LargestImagePixelValueInPlane",
        "PixelDataProviderURL",
        "PixelDataAreaOriginRelativeToFOV",
        "FloatPixelData",
        "DoubleFloatPixelData",
        "EncapsulatedDocument",
        "WaveformSequence",
        "GraphicAnnotationSequence",
        "SurfaceSequence",
        "CompensatorThicknessData",
        "PixelSpacingCalibrationDescription",
        "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths",
    }
)
"""Attributes that may hold a picture or a relief of the skin, a signature of the old bytes, or numbers of the old pixels."""
PIXEL_MODALITIES, CONTOUR_MODALITY = frozenset({"CT", "MR", "PT", "RTDOSE"}), "RTSTRUCT"
"""Objects whose pixels were defaced, and the object whose contours were: pixels and contours in any other were not."""
CONTOURS = "ROIContourSequence"
OVERLAY_GROUPS, CURVE_GROUPS = range(0x6000, 0x6100), range(0x5000, 0x5100)
BULK_VRS = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN", "OB or OW"})
MOST_BULK_BYTES = 256
"""A longer binary value could be a picture (16 x 16 bytes)."""
LONG_TEXT_VRS = frozenset({"UT", "UC", "UR"})
MOST_TEXT = 10240
"""Characters; the longest that DICOM's long text (LT) may be. Longer ones could be an encoded picture."""
KEPT_PRIVATE = {(0x7053, 0x00): "Philips PET Private Group", (0x7053, 0x09): "Philips PET Private Group"}
"""Private elements by group and element byte that stay where their creator says so: the factors from counts to SUV."""
PIXEL_DATA = BaseTag(0x7FE00010)


def remove_stale(data: Dataset, *, top: bool = True) -> Counter[str]:
    """Remove stale and unknown content in place; return what went, by name.

    Private elements go (a thumbnail is one), but for Philips' PET factors; so do overlays, curves, icons, signatures, padding,
    minima and maxima, pixels inside sequences, and values long enough for a picture. `top` is False inside a sequence.
    """
    gone: Counter[str] = Counter()
    kept_private = _kept_private(data)
    modality = str(data.get("Modality") or "") if top else ""
    for tag in list(data.keys()):
        what = "" if tag in kept_private else _why_stale(data, tag, modality)
        if what:
            gone[what] += 1
            del data[tag]
        elif stored_vr(data, tag) == "SQ":
            for item in data[tag].value or []:
                gone += remove_stale(item, top=False)
    return gone


def _why_stale(data: Dataset, tag: BaseTag, modality: str) -> str:
    """What a value is that has to go, empty if it stays; `modality` is the object's, empty inside a sequence."""
    if tag.is_private:
        return "private element"
    if tag.group in OVERLAY_GROUPS:
        return "overlay"
    if tag.group in CURVE_GROUPS:
        return "curve"
    if tag == PIXEL_DATA:
        return (
            "" if modality in PIXEL_MODALITIES else "pixels in an object of another kind" if modality else "pixels in a sequence"
        )
    keyword = keyword_for_tag(tag)
    if keyword == CONTOURS and modality != CONTOUR_MODALITY:
        return "contours in an object of another kind"
    kind = stored_vr(data, tag)
    if kind in BULK_VRS and len(data[tag].value or b"") > MOST_BULK_BYTES:
        return "binary value"
    if kind in LONG_TEXT_VRS and len(str(data[tag].value)) > MOST_TEXT:
        return "long text"
    return keyword if keyword in STALE else ""


def _kept_private(data: Dataset) -> set[BaseTag]:
    """The private elements that stay, with the element that names their creator."""
    kept: set[BaseTag] = set()
    for tag in list(data.keys()):
        creator_tag = BaseTag((tag.group << 16) | (tag.element >> 8)) if tag.is_private else None
        creator = KEPT_PRIVATE.get((tag.group, tag.element & 0xFF))
        if creator is None or creator_tag is None or creator_tag not in data or not 0x10 <= tag.element >> 8 <= 0xFF:
            continue
        if str(data[creator_tag].value).strip() == creator:
            kept |= {tag, creator_tag}
    return kept
