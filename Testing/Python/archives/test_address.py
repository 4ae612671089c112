"""How an archive's address is read."""

from __future__ import annotations

import pytest

from deface_compare.archives.address import DimseAddress, WebAddress, parse_address
from deface_compare.errors import UnusableInput


def test_a_web_address_is_taken_as_it_is_written() -> None:
    assert parse_address("https://pacs.example:8443/dicom-web/") == WebAddress("https://pacs.example:8443/dicom-web")


def test_a_dicom_address_tells_title_host_port_and_who_asks() -> None:
    whole = parse_address("dicom://Pacs_1@pacs.example:11112?from=MYAET&listen=11113")
    assert whole == DimseAddress("Pacs_1", "pacs.example", 11112, "MYAET", 11113)
    assert parse_address("dicom://PACS@pacs.example") == DimseAddress("PACS", "pacs.example", 104, "DEFACECOMPARE", None)


@pytest.mark.parametrize(
    "text",
    [
        "pacs.example",
        "ftp://pacs.example",
        "dicom://pacs.example:104",
        "dicom://A_TITLE_OF_SEVENTEEN@pacs.example",
        "dicom://PACS@pacs.example:104?form=ME",
        "dicom://PACS@pacs.example:104?from=",
        "dicom://PACS@pacs.example:104?listen=no",
        "dicom://PACS@pacs.example:104?listen=70000",
        "dicom://PACS@pacs.example:99999",
        "https://pacs.example/dicom-web?PatientID=1",
    ],
)
def test_what_is_no_address_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(UnusableInput) as told:
        parse_address(text)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("text", ["https://me:geheim@pacs.example/dicom-web", "dicom://PACS:geheim@pacs.example:104"])
def test_a_password_in_an_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UnusableInput, match="netrc") as told:
        parse_address(text)
    assert "geheim" not in str(told.value)
