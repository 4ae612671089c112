"""What one reviewer said of one method on one case."""

from __future__ import annotations

from dataclasses import dataclass

PASS, FAIL, UNSURE = "pass", "fail", "unsure"
ANSWERS = (PASS, FAIL, UNSURE)
QUESTIONS = ("face_gone", "data_whole")
"""The two questions of the automatic gate, asked of a person."""

ORIGINAL = "original"
"""What stands for the undefaced image: in the names of pictures, and as the method of a catch trial."""


@dataclass(frozen=True)
class Decision:
    """What one reviewer said of one method on one case; the fields are the columns of ``review.csv``, in order.

    `face_gone` and `data_whole` are ``pass``, ``fail``, ``unsure``, or empty where nothing was said yet; `time` is UTC.
    """

    reviewer: str
    time: str
    case: str
    method: str
    image: str
    face_gone: str = ""
    data_whole: str = ""
    comment: str = ""

    @property
    def complete(self) -> bool:
        """Whether both questions are answered."""
        return self.face_gone != "" and self.data_whole != ""
