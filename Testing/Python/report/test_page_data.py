"""Values in the page: nothing in them can end the element that holds them, and numbers stay numbers."""

from __future__ import annotations

import json
import math

import pytest

from deface_compare.report.page_data import finite, finite_list, page_json


def test_no_text_can_end_the_element_and_it_reads_back_as_it_was() -> None:
    value = {"case": "</script><script>alert(1)</script><!-- ü −"}
    text = page_json(value)
    assert "<" not in text
    assert json.loads(text) == value


def test_numbers_have_their_decimals_and_gaps_are_null() -> None:
    assert finite_list([1.0, -0.04, 2.345, math.nan, math.inf], 1) == [1, 0, 2.3, None, None]
    assert isinstance(finite(3.0, 2), int)
    with pytest.raises(ValueError, match="not JSON compliant"):
        page_json([math.nan])
