"""Lines of one value against circles and squares whose lines are known."""

from __future__ import annotations

import numpy as np

from deface_compare.geometry.isolines import MASK_BORDER, isolines


def test_the_line_of_a_cone_is_a_closed_circle() -> None:
    rows, columns = np.mgrid[:80, :100]
    cone = -np.hypot(columns - 50.0, rows - 40.0)
    (line,) = isolines(cone, -20.0)
    radii = np.hypot(line[:, 0] - 50.0, line[:, 1] - 40.0)
    np.testing.assert_allclose(radii, 20.0, atol=0.02)  # linear interpolation of a cone
    np.testing.assert_array_equal(line[0], line[-1])


def test_the_border_of_a_mask_lies_half_way_to_the_next_pixel_and_closes_at_the_picture_s_edge() -> None:
    mask = np.zeros((10, 12), np.float32)
    mask[2:5, 8:12] = 1.0  # reaches the right edge
    (line,) = isolines(mask, MASK_BORDER)
    assert (line[:, 0].min(), line[:, 1].min(), line[:, 1].max()) == (7.5, 1.5, 4.5)
    assert line[:, 0].max() <= 12.0
    np.testing.assert_array_equal(line[0], line[-1])


def test_nothing_is_drawn_where_the_level_is_not_crossed() -> None:
    assert isolines(np.zeros((5, 5)), 1.0) == []
