"""Numbers with units read as people write them."""

import pytest

from course.material.units import amount


@pytest.mark.parametrize(
    ("number", "unit", "written"),
    [
        ("100", "$ an hour", "$100 an hour"),
        ("5 to 10", "$", "$5 to $10"),
        ("12", "%", "12%"),
        ("2", "% a month", "2% a month"),
        ("30,000", "outputs a month", "30,000 outputs a month"),
        ("7", "", "7"),
    ],
)
def test_a_number_stands_with_its_unit_as_people_write_it(number, unit, written):
    assert amount(number, unit) == written
