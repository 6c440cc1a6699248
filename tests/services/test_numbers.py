"""How people say a ticket's number on the telephone (USERS C23)."""

import pytest

from node.domain.register_number import SpokenNumber
from node.services.numbers import number_pattern, parse_spoken, short_number

HEARD = SpokenNumber(month=2, day=13, serial=34, check=7)


class TestSpoken:
    """Month and day, serial, check digit: written in many ways."""

    @pytest.mark.parametrize(
        "said",
        [
            "0213-34-7",
            "0213 34 7",
            "02-13-34-7",
            "2-13-34-7",
            "0213/00034/7",
            "2月13日34号7",
            "2月13日 34号 校验7",
            " ０２１３-３４-７ ",
            "0213—34—7",
        ],
    )
    def test_it_is_heard_however_it_is_written(self, said: str):
        """Dashes, blanks, slashes, full-width digits, words."""
        assert HEARD == parse_spoken(said)

    @pytest.mark.parametrize(
        "said", ["", "34", "0213-34", "021334-7", "1313-34-7", "0232-34-7", "0213-0-7", "0213-34-77", "0213-123456-7", "a-b-c"]
    )
    def test_what_is_no_number_is_not_heard(self, said: str):
        """No month, no day, no serial, a digit too many."""
        assert None is parse_spoken(said)

    def test_it_looks_in_every_year_and_division(self):
        """Nobody says those; what else is asked for is exact."""
        assert "__________0213000347" == number_pattern("0213-34-7")

    def test_a_whole_number_is_looked_for_as_it_is(self):
        """With blanks between its groups."""
        assert "52040220260126000010" == number_pattern("5204 0220260126 000010")

    @pytest.mark.parametrize("damaged", ["52040220260126000011", "52040220261326000010", "520402", ""])
    def test_what_is_no_number_stays_as_it_is(self, damaged: str):
        """A wrong check digit, a thirteenth month, a torn row: shown whole, and no reason to fall."""
        assert damaged == short_number(damaged)

    def test_what_is_said_is_heard_again(self):
        """The short form of a number finds it."""
        assert "0126-1-0" == short_number("52040220260126000010")
        assert SpokenNumber(1, 26, 1, 0) == parse_spoken(short_number("52040220260126000010"))
