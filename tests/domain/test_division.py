"""FEATURES 3.1: what a division code says by itself, and the form of a node code."""

import pytest

from node.domain.division import Level, NodeCode, is_within, level, parent


class TestLevelAndParent:
    """GB/T 2260: level by the zeros, parent by dropping a pair, with the two exceptions."""

    @pytest.mark.parametrize(
        ("code", "expected_level", "expected_parent"),
        [
            ("520000", Level.PROVINCE, None),  # 贵州
            ("500000", Level.PROVINCE, None),  # 重庆
            ("520400", Level.CITY, "520000"),  # 安顺
            ("520402", Level.COUNTY, "520400"),  # 西秀
            ("520424", Level.COUNTY, "520400"),  # 关岭
            ("522700", Level.CITY, "520000"),  # 黔南州
            ("522701", Level.COUNTY, "522700"),  # 都匀, a county-level city of an autonomous prefecture
            ("330225", Level.COUNTY, "330200"),  # 象山
            ("320614", Level.COUNTY, "320600"),  # 海门区
            ("320684", Level.COUNTY, "320600"),  # 海门市, as it was until 2020
            ("500236", Level.COUNTY, "500000"),  # 奉节: no city above it
            ("500101", Level.COUNTY, "500000"),  # 万州
            ("110105", Level.COUNTY, "110000"),  # 朝阳, 北京
            ("120225", Level.COUNTY, "120000"),  # 蓟县, 天津
            ("310115", Level.COUNTY, "310000"),  # 浦东
            ("429004", Level.COUNTY, "420000"),  # 仙桃, directly under 湖北
            ("659001", Level.COUNTY, "650000"),  # 石河子
            ("130102", Level.COUNTY, "130100"),  # 长安, 石家庄: CC 01 is a city where there is no municipality
            ("500300", Level.CITY, "500000"),
            ("500381", Level.COUNTY, "500300"),  # of the municipalities only CC 01 and 02 are excepted
        ],
    )
    def test_the_code_says_level_and_parent(self, code, expected_level, expected_parent):
        """Trees of two, three and four levels come out of the same rule."""
        assert (expected_level, expected_parent) == (level(code), parent(code))

    @pytest.mark.parametrize(
        "code", ["", "52040", "5204020", "052040", "52O402", "５２０４０２", "520002", "520402-kfq", " 520402", "520402\n"]
    )
    def test_what_is_no_code_is_refused(self, code):
        """Wrong length, letters, other digits, a leading zero, a county without a city, a suffix, white space."""
        for call in (level, parent, lambda text: is_within(text, "520000"), lambda text: is_within("520402", text)):
            with pytest.raises(ValueError, match="is no division code"):
                call(code)


class TestIsWithin:
    """A division lies within itself and within all above it."""

    @pytest.mark.parametrize(
        ("code", "ancestor", "expected"),
        [
            ("520402", "520402", True),
            ("520402", "520400", True),
            ("520402", "520000", True),
            ("520400", "520402", False),
            ("520402", "520424", False),
            ("520502", "520400", False),
            ("500236", "500000", True),
            ("500236", "500200", False),  # a heading has nobody below it
            ("520402", "500000", False),
        ],
    )
    def test_it_follows_the_parents(self, code, ancestor, expected):
        """The way up, never the way down or across."""
        assert expected == is_within(code, ancestor)


class TestNodeCode:
    """FEATURES 3.1: six digits, or six digits with a suffix of 0-9 and a-z for an office without a division."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("520402", NodeCode("520402")),
            ("520402-kfq", NodeCode("520402", "kfq")),
            ("520000-2", NodeCode("520000", "2")),
            ("520400-abcdefg8", NodeCode("520400", "abcdefg8")),
        ],
    )
    def test_it_is_read_and_written_in_one_form(self, text, expected):
        """`str` gives back what `parse` read."""
        assert (expected, text) == (NodeCode.parse(text), str(NodeCode.parse(text)))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "kfq",
            "520402-",
            "-kfq",
            "520402-KFQ",
            "520402-abcdefgh9",
            "520402-a-b",
            "520402-a b",
            "520402kfq",
            "520402-开发区",
            "520402-a\n",
        ],
    )
    def test_anything_else_is_refused(self, text):
        """A node code stands in certificates and host names for life."""
        with pytest.raises(ValueError, match=r"is no|has a hyphen"):
            NodeCode.parse(text)
