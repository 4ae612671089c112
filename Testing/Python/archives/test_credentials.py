"""How the program says who it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import requests

from deface_compare.archives.credentials import PASSWORD, make_session, read_headers
from deface_compare.errors import UnusableInput


def header_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "headers.txt"
    path.write_text(text, encoding="latin-1")
    path.chmod(mode)
    return path


def test_a_token_of_the_header_file_goes_with_each_request_whatever_netrc_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine pacs.example login me password geheim\n")
    (tmp_path / "netrc").chmod(0o600)
    session = make_session(header_file(tmp_path, "# of the research archive\nAuthorization: Bearer a-token\n\nX-Site: 7\n"))
    sent = session.prepare_request(requests.Request("GET", "https://pacs.example/dicom-web/studies"))
    assert sent.headers["Authorization"] == "Bearer a-token"
    assert sent.headers["X-Site"] == "7"


def test_netrc_is_asked_where_nothing_else_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEFACE_COMPARE_USER")
    monkeypatch.delenv(PASSWORD)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine pacs.example login me password geheim\n")
    (tmp_path / "netrc").chmod(0o600)
    sent = make_session(None).prepare_request(requests.Request("GET", "https://pacs.example/dicom-web/studies"))
    assert sent.headers["Authorization"] == "Basic bWU6Z2VoZWlt"


def test_certificates_are_checked_and_no_answer_leads_elsewhere() -> None:
    session = make_session(None)
    assert session.verify is True
    assert session.max_redirects == 0


def test_one_of_the_two_variables_alone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD)
    with pytest.raises(UnusableInput, match="set both"):
        make_session(None)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_a_header_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="chmod 600"):
        read_headers(header_file(tmp_path, "Authorization: Bearer a-token", 0o644))


@pytest.mark.parametrize("text", ["Bearer geheim", "", "# nothing\n", "Name with blanks: geheim", "Name:"])
def test_a_header_file_without_headers_is_refused_and_no_value_is_told(text: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput) as told:
        read_headers(header_file(tmp_path, text))
    assert "geheim" not in str(told.value)
