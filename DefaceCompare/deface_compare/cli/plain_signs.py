"""What stands for signs that a log or a terminal of an old code page cannot show."""

from __future__ import annotations

import codecs

PLAIN = "deface_compare_plain"
"""Name of the way to write them."""
SIGNS = {
    "\u2212": "-",
    "–": "-",
    "\u00a0": " ",
    "“": '"',
    "”": '"',
    "…": "...",
    "≤": "<=",
    "Δ": "d",
    "·": "-",
    "✓": "yes",
    "✗": "no",
    "\u2068": "",
    "\u2069": "",
}
"""Of our own sentences; every other letter that cannot be shown is told by its number."""


def register_plain_signs() -> None:
    """Make `PLAIN` known to all streams."""
    codecs.register_error(PLAIN, _plain)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    escaped = codecs.lookup_error("backslashreplace")
    letters = error.object[error.start : error.end]
    told = [
        SIGNS[letter] if letter in SIGNS else str(escaped(UnicodeEncodeError(error.encoding, letter, 0, 1, error.reason))[0])
        for letter in letters
    ]
    return "".join(told), error.end
