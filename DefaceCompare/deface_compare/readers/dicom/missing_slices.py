"""Slices that a patient's files speak of and that are not there: an incomplete copy looks like a short scan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pydicom.dataset import Dataset

from .header import Header, naming_file, whole_number
from .series import Series

LARGEST_BEGIN = 100
"""Numbers from a larger one on are a count of another kind (101 for the first image of the first stack)."""


def missing_slices(scanned: Sequence[Header], series: Sequence[Series], structure_sets: Sequence[Header]) -> list[str]:
    """One sentence for each series of which slices are missing, by the structure sets or by the series itself.

    Parameters
    ----------
    scanned : sequence of Header
        Every image slice of the folder.
    series : sequence of Series
        The volumes among them.
    structure_sets : sequence of Header
        They name the slices on which they were drawn (ContourImageSequence, PS3.3 C.8.8.5 and C.8.8.6).
    """
    here = {header.text("SOPInstanceUID"): header.text("SeriesInstanceUID") for header in scanned}
    series_of: dict[str, set[str]] = {}
    for header in structure_sets:
        named = named_slices(header)
        touched = {here[uid] for uid in named if uid in here}
        if len(touched) == 1:  # of slices that are not there nobody knows which of several series they belong to
            series_of.setdefault(touched.pop(), set()).update(named)
    told = []
    for one in series:
        named = series_of.get(one.uid, set())
        gone = len(named - here.keys())
        if gone:
            told.append(
                f"{one.name} is incomplete: {gone} of the {len(named)} slices on which the structure set was drawn are not in the"
                " folder"
            )
            continue
        stated = _stated_slices(one.headers[0])
        if stated > len(one.headers):
            told.append(f"{one.name} is incomplete: it says that it has {stated} slices; {len(one.headers)} are in the folder")
            continue
        told += _by_numbers(one, [header for header in scanned if header.text("SeriesInstanceUID") == one.uid])
    return told


def _by_numbers(series: Series, scanned: Sequence[Header]) -> list[str]:
    """That a series may be incomplete by the numbers of its images: every other one is missing, or the first ones.

    Parameters
    ----------
    scanned : sequence of Header
        All images of the series, also those that make no part of the volume.
    """
    known = [whole_number(header.dataset, "InstanceNumber") for header in scanned]
    numbers = sorted({number for number in known if number is not None})
    if len(numbers) < len(scanned) or len(numbers) < 2:
        return []
    steps = {after - before for before, after in pairwise(numbers)}
    if len(steps) == 1 and steps != {1}:
        return [f"{series.name} may be incomplete: its images are numbered by steps of {steps.pop()}"]
    if steps == {1} and 1 < numbers[0] <= LARGEST_BEGIN:
        return [f"{series.name} may be incomplete: its images are numbered from {numbers[0]} on"]
    return []


@naming_file
def named_slices(header: Header) -> set[str]:
    """SOPInstanceUID of every slice that a structure set names: in its list of series, else contour by contour."""
    listed = {uid for item in _series_items(header.dataset) for uid in _uids(item)}
    if listed:
        return listed
    rois = header.dataset.get("ROIContourSequence") or []
    return {uid for roi in rois for contour in roi.get("ContourSequence") or [] for uid in _uids(contour)}


def _series_items(data: Dataset) -> Iterator[Dataset]:
    for frame in data.get("ReferencedFrameOfReferenceSequence") or []:
        for study in frame.get("RTReferencedStudySequence") or []:
            yield from study.get("RTReferencedSeriesSequence") or []


def _uids(item: Dataset) -> Iterator[str]:
    for image in item.get("ContourImageSequence") or []:
        uid = str(image.get("ReferencedSOPInstanceUID") or "")
        if uid:
            yield uid


@naming_file
def _stated_slices(header: Header) -> int:
    """How many slices a static PET series says it has (NumberOfSlices, PS3.3 C.8.9.1); 0 where it does not."""
    if header.text("Modality") != "PT" or (whole_number(header.dataset, "NumberOfTimeSlices") or 1) > 1:
        return 0
    return whole_number(header.dataset, "NumberOfSlices") or 0
