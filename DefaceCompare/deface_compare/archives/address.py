"""Where an archive is: one line for DICOMweb, ``https://host/dicom-web``, and one for DIMSE, ``dicom://AET@host:port``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from ..errors import UnusableInput

OWN_TITLE = "DEFACECOMPARE"
"""Our application entity title where the address names none."""
DICOM_PORT = 104
"""Registered for DICOM (PS3.8 section 9.1.1)."""
HIGHEST_PORT = 65535
TITLE = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")
"""An application entity title: at most 16 printable characters without backslash (PS3.5 section 6.2, AE)."""
FORMS = "write https://host:port/dicom-web or dicom://AET@host:port?from=MYAET"
OPTIONS = ("from", "listen")


@dataclass(frozen=True)
class WebAddress:
    """A DICOMweb service.

    Parameters
    ----------
    url : str
        Without a slash at its end.
    """

    url: str

    @property
    def encrypted(self) -> bool:
        """Whether nobody on the way can read along."""
        return self.url.startswith("https:")

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True)
class DimseAddress:
    """An application entity that speaks DICOM's own protocol.

    Parameters
    ----------
    title, host : str
    port : int
    own_title : str
        What we call ourselves; archives know their clients by it.
    listen_port : int, optional
        Objects are asked for by C-MOVE to this port of ours; without it by C-GET.
    """

    title: str
    host: str
    port: int
    own_title: str = OWN_TITLE
    listen_port: int | None = None

    def __str__(self) -> str:
        return f"dicom://{self.title}@{self.host}:{self.port}"


Address = WebAddress | DimseAddress


def parse_address(text: str) -> Address:
    """An archive's address as a person writes it.

    Raises
    ------
    UnusableInput
        If it is none, or holds a password.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise UnusableInput(f"the archive's address cannot be read; {FORMS}") from error
    if parts.password is not None or (parts.scheme in ("http", "https") and parts.username is not None):
        raise UnusableInput(
            "the archive's address holds a password or a user, which lists of processes and logs would show; put it into"
            " ~/.netrc, into DEFACE_COMPARE_USER and DEFACE_COMPARE_PASSWORD, or into a file for --header-file"
        )
    if not parts.hostname:
        raise UnusableInput(f"{text!r} is no archive's address; {FORMS}")
    if parts.scheme in ("http", "https"):
        return _web(text, parts)
    if parts.scheme == "dicom":
        return _dimse(text, parts, DICOM_PORT if port is None else port)
    raise UnusableInput(f"{text!r} is no archive's address; {FORMS}")


def _web(text: str, parts: SplitResult) -> WebAddress:
    if parts.query or parts.fragment:
        raise UnusableInput(f"{text!r} is more than the address of a DICOMweb service; leave out what follows its path")
    return WebAddress(text.strip().rstrip("/"))


def _dimse(text: str, parts: SplitResult, port: int) -> DimseAddress:
    given = parse_qs(parts.query, keep_blank_values=True)
    unknown = sorted(set(given) - set(OPTIONS))
    if unknown or any(len(values) > 1 for values in given.values()) or parts.path.strip("/"):
        raise UnusableInput(f"{text!r} holds {unknown[0] if unknown else 'more'!r} that no address knows; {FORMS}&listen=PORT")
    own_title = given.get("from", [OWN_TITLE])[0]
    title = parts.username or ""  # urlsplit keeps its case
    for what, value in (("the archive", title), ("from", own_title)):
        if not TITLE.fullmatch(value):
            raise UnusableInput(f"{value!r} is no application entity title of {what} (1 to 16 characters); {FORMS}")
    listen = given.get("listen", [None])[0]
    if listen is not None and not (listen.isdigit() and 0 < int(listen) <= HIGHEST_PORT):
        raise UnusableInput(f"listen={listen} is no port; give a number from 1 to {HIGHEST_PORT}")
    assert parts.hostname is not None
    return DimseAddress(title, parts.hostname, port, own_title, int(listen) if listen is not None else None)
