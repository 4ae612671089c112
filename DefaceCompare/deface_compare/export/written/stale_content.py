"""What else of a DICOM object can show the face or speak of the pixels before: it goes, in every sequence."""

from __future__ import annotations

from collections import Counter

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import RawDataElement
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
CONTOURS, CONTOUR_DATA = "ROIContourSequence", "ContourData"
CONTOUR_PLACE = (CONTOURS, "ContourSequence")
"""The one place of coordinates that the export judges; anywhere else, even deeper in these sequences, nobody looked at them."""
NUMBER_VRS = frozenset({"DS", "IS", "FL", "FD", "SL", "SS", "UL", "US", "SV", "UV"})
MOST_NUMBERS = 256
"""A longer list of numbers could be a relief of the face (16 x 16), but for those that tell of something else."""
KEPT_LISTS = frozenset(
    {
        "GridFrameOffsetVector",
        "DVHData",
        "LeafJawPositions",
        "LeafPositionBoundaries",
        "ScanSpotPositionMap",
        "ScanSpotMetersetWeights",
        "FrameTimeVector",
        "FrameNumbersOfInterest",
        "LUTData",
    }
)
"""Of dose and plan: positions of frames, dose statistics, the machine's leaves and spots. Of an image: what its stored values
mean; it has an entry for each value, not for each pixel."""
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


def remove_stale(data: Dataset, *, top: bool = True, place: tuple[str, ...] = ()) -> Counter[str]:
    """Remove stale and unknown content in place; return what went, by name.

    Private elements go (a thumbnail is one), but for Philips' PET factors; so do overlays, curves, icons, signatures, padding,
    minima and maxima, pixels and contours where none was defaced, and values long enough for a picture. `top` is False inside a
    sequence; `place` names the sequences around.
    """
    gone: Counter[str] = Counter()
    kept_private = _kept_private(data)
    modality = str(data.get("Modality") or "") if top else ""
    for tag in list(data.keys()):
        what = "" if tag in kept_private else _why_stale(data, tag, modality, place == CONTOUR_PLACE)
        if what:
            gone[what] += 1
            del data[tag]
        elif stored_vr(data, tag) == "SQ":
            inside = (*place, keyword_for_tag(tag))
            for item in data[tag].value or []:
                gone += remove_stale(item, top=False, place=inside)
    return gone


def _why_stale(data: Dataset, tag: BaseTag, modality: str, drawn: bool) -> str:
    """What a value is that has to go, empty if it stays; `modality` is the object's, empty inside a sequence."""
    if tag.is_private:
        return "private element"
    if tag.group in OVERLAY_GROUPS:
        return "overlay"
    if tag.group in CURVE_GROUPS:
        return "curve"
    if tag == PIXEL_DATA:
        elsewhere = "pixels in an object of another kind" if modality else "pixels in a sequence"
        return "" if modality in PIXEL_MODALITIES else elsewhere
    keyword = keyword_for_tag(tag)
    if (keyword == CONTOURS and modality != CONTOUR_MODALITY) or (keyword == CONTOUR_DATA and not drawn):
        return "contours in an object of another kind"
    kind = stored_vr(data, tag)
    if kind in BULK_VRS and keyword not in KEPT_LISTS and len(data[tag].value or b"") > MOST_BULK_BYTES:
        return "binary value"
    if kind in LONG_TEXT_VRS and len(str(data[tag].value)) > MOST_TEXT:
        return "long text"
    if kind in NUMBER_VRS and keyword not in KEPT_LISTS and keyword != CONTOUR_DATA and _is_long(data, tag):
        return "long list of numbers"
    return keyword if keyword in STALE else ""


def _is_long(data: Dataset, tag: BaseTag) -> bool:
    """Whether a list holds more than `MOST_NUMBERS` numbers; short ones need not be decoded for that."""
    stored = data.get_item(tag)
    if isinstance(stored, RawDataElement) and len(stored.value or b"") <= MOST_NUMBERS:
        return False
    return int(data[tag].VM) > MOST_NUMBERS


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
