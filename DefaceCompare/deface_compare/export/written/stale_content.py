"""What else of a DICOM object can show the face or speak of the pixels before: it goes, in every sequence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from .uid_map import kind_of

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
        "CompensatorTransmissionData",
        "IsocenterToCompensatorDistances",
        "SurfaceEntryPoint",
        "ExternalContourEntryPoint",
        "SourceToSurfaceDistance",
        "SourceToExternalContourDistance",
        "SourceToPatientSurfaceDistance",
        "RadiationDoseSourceToSkinDistance",
        "RadiationDoseSourceToExternalContourDistance",
        "BeamDosePointDepth",
        "BeamDosePointEquivalentDepth",
        "BeamDosePointSSD",
        "BeamDosePointSourceToExternalContourDistance",
        "AverageBeamDosePointDepth",
        "AverageBeamDosePointEquivalentDepth",
        "AverageBeamDosePointSSD",
        "AverageBeamDosePointSourceToExternalContourDistance",
        "PixelSpacingCalibrationDescription",
        "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths",
    }
)
"""Attributes that may hold a picture or a relief of the skin, a signature of the old bytes, or numbers of the old pixels. Of a
plan: where a beam meets the skin; an arc states it at each of its control points, which is an outline of the head."""
PIXEL_MODALITIES, CONTOUR_MODALITY = frozenset({"CT", "MR", "PT", "RTDOSE"}), "RTSTRUCT"
"""Objects whose pixels were defaced, and the object whose contours were: pixels and contours in any other were not."""
CONTOURS, CONTOUR_DATA = "ROIContourSequence", "ContourData"
CONTOUR_PLACE = (CONTOURS, "ContourSequence")
"""The one place of coordinates that the export judges; anywhere else, even deeper in these sequences, nobody looked at them."""
NUMBER_VRS = frozenset({"DS", "IS", "FL", "FD", "SL", "SS", "UL", "US", "SV", "UV"})
MOST_NUMBERS = 256
"""A longer list of numbers could be a relief of the face (16 x 16), but for those that tell of something else."""
PLAN, DOSE = "RTPLAN", "RTDOSE"
KEPT_LISTS: Mapping[str, frozenset[str]] = {
    "GridFrameOffsetVector": frozenset({DOSE}),
    "DVHData": frozenset({DOSE}),
    "LeafJawPositions": frozenset({PLAN}),
    "LeafPositionBoundaries": frozenset({PLAN}),
    "ScanSpotPositionMap": frozenset({PLAN}),
    "ScanSpotMetersetWeights": frozenset({PLAN}),
    "FrameTimeVector": PIXEL_MODALITIES,
    "FrameNumbersOfInterest": PIXEL_MODALITIES,
    "LUTData": PIXEL_MODALITIES,
}
"""Long lists that stay, by the objects that have them. Of dose and plan: positions of frames, dose statistics, the machine's
leaves and spots. Of an image: what its stored values mean; it has an entry for each value, not for each pixel."""
OVERLAY_GROUPS, CURVE_GROUPS = range(0x6000, 0x6100), range(0x5000, 0x5100)
BULK_VRS = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN", "OB or OW"})
MOST_BULK_BYTES = 256
"""A longer binary value could be a picture (16 x 16 bytes)."""
TEXT_VRS = frozenset({"UT", "UC", "UR", "LT", "ST", "LO", "SH", "PN", "AE", "CS"})
MOST_TEXT = 10240
"""Characters; the longest that DICOM's long text (LT) may be. Longer ones could be an encoded picture, whatever kind of text they
say they are."""
KEPT_PRIVATE = {(0x7053, 0x00): "Philips PET Private Group", (0x7053, 0x09): "Philips PET Private Group"}
"""Private elements by group and element byte that stay where their creator says so: the factors from counts to SUV."""


_keyword = lru_cache(maxsize=4096)(keyword_for_tag)
"""The same tags come with every slice."""


@lru_cache(maxsize=4096)
def _of_tag(number: int) -> tuple[str, str]:
    """An element's keyword, and what it is that has to go by its group alone (private, overlay, curve), else empty."""
    tag = BaseTag(number)
    if tag.is_private:
        return "", "private element"
    if tag.group in OVERLAY_GROUPS:
        return "", "overlay"
    return (_keyword(tag), "curve" if tag.group in CURVE_GROUPS else "")


def remove_stale(data: Dataset) -> Counter[str]:
    """Remove stale and unknown content of an object in place; return what went, by name.

    Private elements go (a thumbnail is one), but for Philips' PET factors; so do overlays, curves, icons, signatures, padding,
    minima and maxima, distances to the skin, pixels and contours where none was defaced, and values long enough for a picture.
    """
    gone: Counter[str] = Counter()
    for place, tag, what in _stale(data, str(data.get("Modality") or ""), ()):
        del place[tag]
        gone[what] += 1
    return gone


def stale_left(data: Dataset) -> Counter[str]:
    """What `remove_stale` would take out; nothing goes."""
    return Counter(what for _, _, what in _stale(data, str(data.get("Modality") or ""), ()))


def _stale(data: Dataset, modality: str, place: tuple[str, ...]) -> Iterator[tuple[Dataset, BaseTag, str]]:
    """The stale elements of a data set in an object of this modality: where each stands, and what it is.

    Parameters
    ----------
    place : tuple of str
        Names of the sequences around the data set.
    """
    kept_private = _kept_private(data)
    for tag, stored in list(data.items()):
        what = "" if tag in kept_private else _why_stale(data, tag, stored, modality, place)
        if what:
            yield data, tag, what
        elif kind_of(data, tag, stored) == "SQ":
            inside = (*place, _keyword(tag))
            for item in data[tag].value or []:
                yield from _stale(item, modality, inside)


def _why_stale(data: Dataset, tag: BaseTag, stored: object, modality: str, place: tuple[str, ...]) -> str:
    """What a value is that has to go, empty if it stays."""
    keyword, by_group = _of_tag(int(tag))
    if by_group:
        return by_group
    if keyword == "PixelData":
        elsewhere = "pixels in a sequence" if place else "pixels in an object of another kind"
        return "" if modality in PIXEL_MODALITIES and not place else elsewhere
    if (keyword == CONTOURS and (modality != CONTOUR_MODALITY or place)) or (keyword == CONTOUR_DATA and place != CONTOUR_PLACE):
        return "contours in an object of another kind"
    return (
        keyword if keyword in STALE else _why_long(data, tag, kind_of(data, tag, stored), modality in KEPT_LISTS.get(keyword, ()))
    )


def _why_long(data: Dataset, tag: BaseTag, kind: str, kept: bool) -> str:
    """What a value is that is long enough for a picture, empty if it is not; lists that are `kept` may be long."""
    if kind in TEXT_VRS:
        return "long text" if _has_long_text(data, tag) else ""
    if kept or _keyword(tag) == CONTOUR_DATA:
        return ""
    if kind in BULK_VRS:
        return "binary value" if len(data[tag].value or b"") > MOST_BULK_BYTES else ""
    return "long list of numbers" if kind in NUMBER_VRS and _is_long(data, tag) else ""


def _has_long_text(data: Dataset, tag: BaseTag) -> bool:
    """Whether a text is longer than `MOST_TEXT`; short ones need not be decoded for that."""
    stored = data.get_item(tag)
    if isinstance(stored, RawDataElement):
        return len(stored.value or b"") > MOST_TEXT
    return len(str(data[tag].value)) > MOST_TEXT


def _is_long(data: Dataset, tag: BaseTag) -> bool:
    """Whether a list holds more than `MOST_NUMBERS` numbers; short ones need not be decoded for that."""
    stored = data.get_item(tag)
    if isinstance(stored, RawDataElement) and len(stored.value or b"") <= MOST_NUMBERS:
        return False
    return int(data[tag].VM) > MOST_NUMBERS


def _kept_private(data: Dataset) -> set[BaseTag]:
    """The private elements that stay, with the element that names their creator."""
    kept: set[BaseTag] = set()
    for tag in [tag for tag in data.keys() if tag.is_private]:  # noqa: SIM118
        creator_tag = BaseTag((tag.group << 16) | (tag.element >> 8))
        creator = KEPT_PRIVATE.get((tag.group, tag.element & 0xFF))
        if creator is None or creator_tag not in data or not 0x10 <= tag.element >> 8 <= 0xFF:
            continue
        if str(data[creator_tag].value).strip() == creator:
            kept |= {tag, creator_tag}
    return kept
