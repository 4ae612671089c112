"""What an MR is called in the tables: by its description, its contrast agent and its timing."""

from __future__ import annotations

import re

from .header import Header, naming_file

CONTRAST_WORDS = re.compile(
    r"(?:^|[^a-z])(?:c|\+c|ce|gd|gad|gado|post|km|contrast|contraste|dotarem|gadovist|mdc)(?:[^a-z]|$)|\+c"
)
T1_WORDS = re.compile(r"t1|mprage|mp-rage|spgr|bravo|fspgr|vibe|tfl3d|flash")
T2_WORDS = re.compile(r"t2|ciss|fiesta|space_t2")


@naming_file
def mr_sequence(header: Header) -> str:
    """``MR_FLAIR``, ``MR_T1C``, ``MR_T1``, ``MR_T2`` or ``MR``, from description, contrast agent and timing."""
    described = f"{header.text('SeriesDescription')} {header.text('ProtocolName')}".lower()
    contrast = bool(header.text("ContrastBolusAgent")) or bool(CONTRAST_WORDS.search(described))
    if "flair" in described:
        return "MR_FLAIR"
    if T1_WORDS.search(described):
        return "MR_T1C" if contrast else "MR_T1"
    if T2_WORDS.search(described):
        return "MR_T2"
    repetition_ms, echo_ms, inversion_ms = (
        float(header.dataset.get(keyword) or 0) for keyword in ("RepetitionTime", "EchoTime", "InversionTime")
    )
    if not repetition_ms or not echo_ms:
        return "MR"
    # Usual ranges of head protocols: FLAIR nulls fluid (long inversion), T2 has long TR and TE, T1 short TE.
    if inversion_ms > 1500 and echo_ms > 60:
        return "MR_FLAIR"
    if repetition_ms > 2000 and echo_ms > 60:
        return "MR_T2"
    if echo_ms < 30 and (repetition_ms < 1200 or inversion_ms):
        return "MR_T1C" if contrast else "MR_T1"
    return "MR"
