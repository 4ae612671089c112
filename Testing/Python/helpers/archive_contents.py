"""What a stand-in archive holds, and how it may misbehave; a real Orthanc is filled with the same."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import generate_uid

from dicom_set import STRUCTURE_CLASS, head_hu, new_file, save, uid, write_series

USER, PASSWORD = "tester", "not a secret"


@dataclass
class Contents:
    """The objects of an archive.

    Parameters
    ----------
    objects : list of FileDataset
    lost : set of str
        SOP instance UIDs that are listed, never given, and forgotten when they are stored.
    given_s : list of str
        What was given out, in order.
    breaks : int
        So many transfers still end after their first object.
    count_error : int
        Added to each number of objects that is told.
    """

    objects: list[FileDataset] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    given: list[str] = field(default_factory=list)
    breaks: int = 0
    count_error: int = 0
    changes_pixels: bool = False

    def matching(self, **asked: str) -> list[FileDataset]:
        """Objects with these values; a patient's id is matched like archives do: as a pattern, whatever its case."""
        found = []
        for each in self.objects:
            values = {keyword: str(each.get(keyword, "")) for keyword in asked}
            alike = all(
                wanted.lower() in value.lower() if keyword == "PatientID" else wanted in ("", value)
                for keyword, wanted in asked.items()
                for value in [values[keyword]]
            )
            if alike:
                found.append(each)
        return found

    def one_a(self, level: str, **asked: str) -> list[FileDataset]:
        """The first object of each study, series or object."""
        return list({str(each[level].value): each for each in reversed(self.matching(**asked))}.values())[::-1]

    def count(self, series: str) -> int:
        """How many objects the archive says that a series has."""
        return len(self.matching(SeriesInstanceUID=series)) + self.count_error

    def given_out(self, objects: list[FileDataset]) -> list[FileDataset]:
        """What really leaves the archive of these, and whether the connection breaks afterwards."""
        left = [each for each in objects if each.SOPInstanceUID not in self.lost]
        if self.breaks and left:
            left = left[:1]
        self.given += [str(each.SOPInstanceUID) for each in left]
        return left

    def take(self, dataset: FileDataset) -> None:
        """Store an object."""
        if dataset.SOPInstanceUID in self.lost:
            return
        if self.changes_pixels and "PixelData" in dataset:
            dataset = copy.deepcopy(dataset)
            dataset.PixelData = bytes(len(dataset.PixelData))
        self.objects = [each for each in self.objects if each.SOPInstanceUID != dataset.SOPInstanceUID] + [dataset]


def patient_objects(folder: Path, patient_id: str, slices: int = 5) -> list[FileDataset]:
    """A patient's CT, structure set, and a report that no reader uses."""
    files = write_series(folder / patient_id / "ct", head_hu()[:slices], series=f"ct {patient_id}")
    for sop_class, modality in ((STRUCTURE_CLASS, "RTSTRUCT"), ("1.2.840.10008.5.1.4.1.1.88.11", "SR")):
        dataset = new_file(folder / modality, sop_class, modality, f"{modality} {patient_id}", "frame")
        dataset.SeriesInstanceUID = uid(f"series {modality} {patient_id}")
        files.append(save(dataset, folder / patient_id / f"{modality}.dcm"))
    objects = [pydicom.dcmread(path) for path in files]
    for each in objects:
        each.PatientID, each.StudyInstanceUID = patient_id, uid(f"study {patient_id}")
        each.SOPInstanceUID = each.file_meta.MediaStorageSOPInstanceUID = generate_uid(
            entropy_srcs=[patient_id, each.SOPInstanceUID]
        )
    return objects


def equal_objects(files: list[Path], objects: list[Dataset]) -> bool:
    """Whether files hold exactly these objects, element by element."""
    found = {str(each.SOPInstanceUID): each for each in map(pydicom.dcmread, files)}
    wanted = {str(each.SOPInstanceUID): each for each in objects}
    return found.keys() == wanted.keys() and all(found[uid] == wanted[uid] for uid in wanted)
