"""Growth of memory is computed from a series of measured sizes."""

from bench.measurements.memory import Series

MB = 2**20


def test_growth_is_from_the_start_to_the_end() -> None:
    assert Series([100 * MB, 180 * MB, 160 * MB], 1).growth == 60


def test_late_growth_is_from_the_third_quarter_to_the_last() -> None:
    flat = [100, 150, 180, 190, 190, 191, 189, 190]
    rising = [100, 110, 120, 130, 140, 150, 160, 170]
    assert Series([size * MB for size in flat], 1).late_growth == -1
    assert Series([size * MB for size in rising], 1).late_growth == 20
