"""FEATURES 3.1, DESIGN 5: the register number, 20 digits for life, unique without a central server."""

from datetime import UTC, date, datetime

import pytest

from node.domain.register_number import (
    RegisterNumberParts,
    SpokenNumber,
    _check_digit,
    is_valid,
    make,
    normalise,
    parts,
    serials_of,
    spoken,
)

DAY = date(2026, 1, 26)
NUMBER = "52040220260126000340"


class TestMake:
    """Division, Beijing date, serial of the day, check digit."""

    def test_the_number_is_its_parts_and_a_check_digit(self):
        """PPCCDD + YYYYMMDD + serial of five digits + check."""
        assert NUMBER == make("520402", DAY, 34)

    @pytest.mark.parametrize(
        ("node_code", "serial"), [("520402", 1), ("520402", 89_999), ("520402-kfq", 90_000), ("520402-kfq", 99_999), ("500236", 7)]
    )
    def test_what_is_made_is_valid_and_says_what_went_in(self, node_code, serial):
        """20 digits that read back; a suffix does not enter."""
        number = make(node_code, DAY, serial)

        assert 20 == len(number)
        assert RegisterNumberParts(node_code[:6], DAY, serial, int(number[-1])) == parts(number)

    @pytest.mark.parametrize(
        ("node_code", "day", "serial"),
        [
            ("520402", DAY, 0),
            ("520402", DAY, -1),
            ("520402", DAY, 90_000),  # a suffix node's
            ("520402", DAY, 100_000),
            ("520402-kfq", DAY, 1),  # the county's
            ("520402-kfq", DAY, 89_999),
            ("520402-kfq", DAY, 100_000),
            ("52040", DAY, 1),
            ("520402-KFQ", DAY, 90_000),
            ("520402", datetime(2026, 1, 26, 17, tzinfo=UTC), 1),  # in Beijing it is the 27th
        ],
    )
    def test_what_would_not_be_one_number_for_life_is_refused(self, node_code, day, serial):
        """A serial out of range, no node code, a point in time whose date is not Beijing's."""
        with pytest.raises(ValueError, match=r"is not in|is no|Beijing"):
            make(node_code, day, serial)


class TestSerialsOf:
    """Nodes that share six digits share no serial: only the six digits enter the number."""

    def test_the_ranges_of_one_division_are_apart_and_fill_the_day(self):
        """The plain node and ten blocks for nodes with a suffix: 1 to 99999, each once."""
        ranges = [serials_of("520402"), *(serials_of(f"520402-z{block}", block) for block in range(10))]

        assert list(range(1, 100_000)) == [serial for serials in ranges for serial in serials]

    def test_a_county_and_its_development_zone_never_give_the_same_number(self):
        """Every serial of two blocks and of the county makes a number of its own."""
        numbers = [make("520402", DAY, serial) for serial in (*range(1, 3_000), *range(88_000, 90_000))]
        numbers += [make("520402-kfq", DAY, serial) for serial in serials_of("520402-kfq", 0)]
        numbers += [make("520402-gxq", DAY, serial) for serial in serials_of("520402-gxq", 1)]

        assert len(numbers) == len(set(numbers))

    @pytest.mark.parametrize(("node_code", "block"), [("520402", 0), ("520402-kfq", None), ("520402-kfq", -1), ("520402-kfq", 10)])
    def test_a_block_is_for_a_suffix_and_a_suffix_needs_one(self, node_code, block):
        """The signed tree names it, 0 to 9."""
        with pytest.raises(ValueError, match="block of serials"):
            serials_of(node_code, block)


class TestCheckDigit:
    """ISO 7064 MOD 11,10."""

    # 0794 -> 5 is the example of the standard; the other is a known number of a register that uses the same scheme.
    @pytest.mark.parametrize("number", ["07945", "33392005961"])
    def test_known_numbers_of_the_scheme(self, number):
        """The check digit is the one that other programs compute."""
        assert int(number[-1]) == _check_digit(number[:-1])

    @pytest.mark.parametrize("number", [NUMBER, make("500236", date(2026, 12, 31), 89_999), make("520000", DAY, 1)])
    def test_every_single_wrong_digit_is_found(self, number):
        """20 places, nine wrong digits each."""
        wrong = [number[:place] + digit + number[place + 1 :] for place in range(20) for digit in "0123456789" if digit != number[place]]

        assert (180, []) == (len(wrong), [text for text in wrong if is_valid(text)])

    def test_a_swap_of_neighbours_is_found_nearly_always(self):
        """Over 2,000 numbers less than 3 % of the swaps pass; without a check digit most would."""
        swaps = passed = 0
        for serial in range(1, 2_001):
            number = make("520402", DAY, serial)
            for place in range(13, 19):
                if number[place] != number[place + 1]:
                    swaps += 1
                    passed += is_valid(number[:place] + number[place + 1] + number[place] + number[place + 2 :])

        assert swaps > 5_000
        assert passed / swaps < 0.03


class TestReading:
    """What is stored is 20 digits and nothing else; what is typed is brought to that form first."""

    @pytest.mark.parametrize(
        "text",
        [
            "",
            NUMBER[:-1],
            NUMBER + "0",
            NUMBER[:-1] + "1",
            f" {NUMBER}",
            f"{NUMBER}\n",
            "５" + NUMBER[1:],
            "52040220260126 00034 0",
            "5204022026012600034X",
        ],
    )
    def test_anything_but_its_stored_form_is_no_number(self, text):
        """Length, check digit, white space, other digits."""
        assert not is_valid(text)
        with pytest.raises(ValueError, match=r"register number|check digit"):
            parts(text)

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            ("5204022026023000001", "day"),
            ("5204022026130100001", "month"),
            ("5200022026012600001", "division"),
            ("5204022026012600000", "begin at 1"),
        ],
    )
    def test_a_right_check_digit_alone_is_not_enough(self, body, why):
        """The 30th of February, a 13th month, no division, serial 0."""
        with pytest.raises(ValueError, match=why):
            parts(body + str(_check_digit(body)))

    @pytest.mark.parametrize(
        "typed",
        [
            "520402 20260126 00034 0",
            "520402-20260126-00034-0",
            "５２０４０２２０２６０１２６０００３４０",
            "520402\u300020260126\u2014000340\n",
            f"\u200b{NUMBER}",
        ],
    )
    def test_what_a_person_types_is_brought_to_that_form(self, typed):
        """Spaces of every width, hyphens, full-width digits."""
        assert NUMBER == normalise(typed)

    def test_normalising_changes_no_digit_and_no_letter(self):
        """O stays O and is refused afterwards."""
        assert "52O402" == normalise("52O 402")


class TestSpoken:
    """DESIGN 5: on the telephone it is month and day, serial, check."""

    def test_it_is_month_day_serial_and_check_without_leading_zeros(self):
        """Numbers, to be said in any language."""
        assert SpokenNumber(month=1, day=26, serial=34, check=0) == spoken(NUMBER)

    def test_only_a_right_number_can_be_said(self):
        """A wrong check digit is not read out."""
        with pytest.raises(ValueError, match="check digit"):
            spoken(NUMBER[:-1] + "1")
