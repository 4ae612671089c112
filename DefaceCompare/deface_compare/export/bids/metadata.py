"""What the JSON files of a defaced BIDS data set say: technical fields of the source, and what was done. Nothing of a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...readers.bids.dataset import description_of
from ...version import __version__
from ..written.marks import CLEAN_VISUAL_FEATURES

BIDS_VERSION = "1.11.1"
"""The version of the specification in which DeidentificationMethod and its code sequence are fields of MRI and PET."""
TECHNICAL = frozenset(
    {
        *("Modality", "Manufacturer", "ManufacturersModelName", "MagneticFieldStrength", "ImagingFrequency", "SoftwareVersions"),
        *("ReceiveCoilName", "ReceiveCoilActiveElements", "MRTransmitCoilSequence", "GradientSetType", "MatrixCoilMode"),
        *("CoilCombinationMethod", "PulseSequenceType", "ScanningSequence", "SequenceVariant", "ScanOptions", "SequenceName"),
        *("NonlinearGradientCorrection", "MRAcquisitionType", "MTState", "MTOffsetFrequency", "SpoilingState", "SpoilingType"),
        *("NumberShots", "ParallelReductionFactorInPlane", "ParallelAcquisitionTechnique", "PartialFourier"),
        *("PartialFourierDirection", "EffectiveEchoSpacing", "MixingTime", "PhaseEncodingDirection", "TotalReadoutTime"),
        *("WaterFatShift", "EchoTrainLength", "EchoTime", "InversionTime", "DwellTime", "FlipAngle", "RepetitionTime"),
        *("RepetitionTimeExcitation", "RepetitionTimePreparation", "SliceThickness", "SpacingBetweenSlices", "PixelBandwidth"),
        *("ReconMatrixPE", "AcquisitionMatrixPE", "BaseResolution", "PercentPhaseFOV", "PercentSampling", "BodyPartExamined"),
        *("ConvolutionKernel", "KVP", "XRayExposure", "ReconstructionDiameter"),
        *("Units", "TracerName", "TracerRadionuclide", "InjectedRadioactivity", "InjectedRadioactivityUnits", "InjectedMass"),
        *("InjectedMassUnits", "SpecificRadioactivity", "SpecificRadioactivityUnits", "ModeOfAdministration", "ScanStart"),
        *("InjectionStart", "InjectionEnd", "FrameTimesStart", "FrameDuration", "AcquisitionMode", "ImageDecayCorrected"),
        *("ImageDecayCorrectionTime", "DecayCorrectionFactor", "ReconMethodName", "ReconMethodParameterLabels"),
        *("ReconMethodParameterUnits", "ReconMethodParameterValues", "ReconFilterType", "ReconFilterSize"),
        *("AttenuationCorrection", "ScatterFraction", "DoseCalibrationFactor", "PromptRate", "RandomRate", "SinglesRate"),
    }
)
"""Fields that are carried over (BIDS 1.11: MRI and PET sidecars; and the acquisition of a CT as dcm2niix calls it). All others
stay behind: names, dates, places, numbers of devices and protocols, free comments, and whatever a site adds of its own."""
TIME_ZERO, NO_TIME = "TimeZero", "00:00:00"
"""The time of day of a PET, which BIDS requires. All other times count from it: at 0 o'clock every interval stays."""
IDENTIFYING = re.compile(
    r"Patient|Participant|Physician|Operator|Institution|Station|Serial|Accession|Study|Series.*UID|Date|Address|Telephone|Birth",
    re.IGNORECASE,
)
"""Fields of a source whose values are searched in all that is written."""
SHORTEST = 4
"""Shorter values are found in any text."""
LONGEST_TEXT = 64
"""Longer texts of a technical field are comments, and stay behind."""
MASK_TEXT = (
    "1 in each block of voxels (16 mm or a little more along each axis) that holds an altered voxel; every voxel at 0 is, bit for"
    " bit, that of the source. The blocks are coarse on purpose: a mask of the altered voxels themselves would draw the face."
)


def image_sidecar(
    source: Mapping[str, Any],
    method_lines: tuple[str, ...],
    privacy: str,
    risks: tuple[str, ...],
    weight_kg: float | None = None,
) -> dict[str, Any]:
    """The sidecar of a defaced image.

    Parameters
    ----------
    source : mapping
        All metadata of the source image.
    method_lines : tuple of str
        As `Marks` has them.
    privacy : str
        Why the privacy check is not passed, without names; ``""`` if it is.
    risks : tuple of str
        What was accepted, without names.
    weight_kg : float, optional
        Body weight of a PET's subject: without it nobody could compute SUV again.
    """
    kept = {key: value for key, value in source.items() if key in TECHNICAL and _is_plain(value)}
    if TIME_ZERO in source:
        kept[TIME_ZERO] = NO_TIME
    if weight_kg is not None:
        kept["PatientWeight"] = weight_kg
    value, scheme, meaning = CLEAN_VISUAL_FEATURES
    code = {"CodeValue": value, "CodeMeaning": meaning, "CodingSchemeDesignator": scheme}
    done = {
        "Description": "The source's image without a recognisable face; wherever the mask of the same name is 0, its numbers.",
        "DeidentificationMethod": list(method_lines),
        "DeidentificationMethodCodeSequence": [code],
        "DefacingPrivacyCheck": privacy or "passed",
        "DefacingAcceptedRisks": list(risks),
        "SkullStripped": False,
    }
    return dict(sorted(kept.items())) | done


def _is_plain(value: Any) -> bool:
    """Whether a value is a number, a short text, or a list of such."""
    if isinstance(value, list):
        return all(_is_plain(each) and not isinstance(each, list) for each in value)
    return isinstance(value, (bool, int, float)) or (isinstance(value, str) and len(value) <= LONGEST_TEXT)


def mask_sidecar(image: str) -> dict[str, Any]:
    """The sidecar of a mask, whose image lies at this place in the data set."""
    return {"Description": MASK_TEXT, "Type": "Face", "Sources": [f"bids::{image}"], "SkullStripped": False}


def description(source: Path, method_lines: tuple[str, ...]) -> dict[str, Any]:
    """The ``dataset_description.json`` of the derivative; of the source it tells its DOI and its licence."""
    told = description_of(source)
    made_by = {
        "Name": "DefaceCompare",
        "Version": __version__,
        "Description": "; ".join(method_lines),
        "CodeURL": "https://github.com/deface-compare/SlicerDefaceCompare",
    }
    content: dict[str, Any] = {
        "Name": "Defaced images",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [made_by],
    }
    if isinstance(told.get("License"), str):
        content["License"] = told["License"]
    if isinstance(told.get("DatasetDOI"), str):
        content["SourceDatasets"] = [{"DOI": told["DatasetDOI"]}]
    return content


def identifying_texts(source: Mapping[str, Any]) -> set[str]:
    """Values of a source's fields that no written file may hold."""
    named = {key: value for key, value in source.items() if IDENTIFYING.search(key) and key not in TECHNICAL}
    return {text for value in named.values() for text in _texts(value) if len(text) >= SHORTEST}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
