"""Reading patients: DICOM RT folders and image files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..case import Case
from ..errors import UnusableInput
from ..structures.name_words import user_names
from .bids.dataset import is_bids_patient
from .choices import ReadingChoices
from .found_files import is_image_file


def read_case(folder: str | Path, case_id: str | None = None, choices: ReadingChoices | None = None) -> Case:
    """Read one patient: a folder with a ``case.json``, of a BIDS data set or of any DICOM series, or one image file.

    Parameters
    ----------
    folder : str or Path
        The patient's folder, or one image file (``ct.nii.gz``).
    case_id : str, optional
        Id of the case; default is the one in ``case.json``, else the folder's name.
    choices : ReadingChoices, optional
        What headers cannot decide: which dose, which structure set, the user's structure names, structures drawn again.

    Raises
    ------
    UnusableInput
        With one sentence that names the file and what to do.
    """
    from .files.case_json import CASE_FILE, read_case_file  # brings pydicom, which a list of methods does not need

    folder = Path(folder)
    choices = choices or ReadingChoices()
    if not folder.is_dir() and not is_image_file(folder):
        raise UnusableInput(f"{folder} is not a folder; give the folder that holds one patient, or one image file")
    with user_names(choices.names):
        if folder.is_file():
            from .files.one_image import read_image_case

            case = read_image_case(folder, choices.image)
        elif (folder / CASE_FILE).is_file():
            case = read_case_file(folder)
        elif is_bids_patient(folder):
            from .bids.patient import read_bids_case

            case = read_bids_case(folder)
        else:
            from .dicom.patient import read_dicom_case

            case = read_dicom_case(folder, choices)
        if choices.resegmented:
            from .files.structures import read_resegmented

            case = replace(case, resegmented=read_resegmented(case, folder, choices))
    from .contour_checks import with_contour_remarks

    return replace(with_contour_remarks(case), id=case_id or case.id, folder=folder)
