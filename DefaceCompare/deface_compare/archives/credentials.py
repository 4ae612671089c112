"""Who we are for a DICOMweb service: never on the command line, which lists of processes and logs show."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UnusableInput

if TYPE_CHECKING:
    import requests

USER, PASSWORD = "DEFACE_COMPARE_USER", "DEFACE_COMPARE_PASSWORD"
"""Environment variables for HTTP's basic authentication; without them ``~/.netrc`` (or ``NETRC``) is asked."""
HEADER = re.compile(r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?P<value>[\x21-\xff][\x20-\xff]*)")
"""A header's line (RFC 9110 section 5)."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_session(header_file: Path | None) -> requests.Session:
    """A session of requests with what the user gave; certificates are checked, and no answer leads to another address.

    Raises
    ------
    UnusableInput
        If the header file cannot be used, or only one of the two environment variables is set.
    """
    import requests

    session = requests.Session()
    session.max_redirects = 0  # another address would get the headers, and another archive's answers be taken for this one's
    user, password = os.environ.get(USER), os.environ.get(PASSWORD)
    if (user is None) != (password is None):
        raise UnusableInput(f"only one of {USER} and {PASSWORD} is set; set both")
    if user is not None and password is not None:
        session.auth = (user, password)
    if header_file is not None:
        headers = read_headers(header_file)
        session.headers.update(headers)
        if any(name.lower() == "authorization" for name in headers):
            session.auth = _as_it_is  # else requests replaces the header by what ~/.netrc says
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def read_headers(path: Path) -> dict[str, str]:
    """The lines ``Name: value`` of a file; empty lines and lines that begin with # do not count.

    Raises
    ------
    UnusableInput
        If it is not there, others may read it, or a line is none; no value is told.
    """
    try:
        if sys.platform != "win32" and path.stat().st_mode & OTHERS:
            raise UnusableInput(f"others may read {path}, which holds a secret; chmod 600 {path}")
        lines = path.read_text(encoding="latin-1").splitlines()
    except OSError as error:
        raise UnusableInput(f"the header file {path} cannot be read ({error.strerror})") from error
    headers = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = HEADER.fullmatch(line.strip())
        if match is None:
            raise UnusableInput(f"{path}, line {number}: expected 'Name: value', one header a line")
        headers[match["name"]] = match["value"]
    if not headers:
        raise UnusableInput(f"{path} holds no header; expected lines 'Name: value'")
    return headers
