"""Calendar files: the shipped year, what is refused, and how layers lie over each other."""

from datetime import date, timedelta

import holidays
import pytest

from node.packs.calendar_file import (
    CalendarDay,
    CalendarFile,
    Fault,
    FaultyCalendar,
    Layer,
    Rule,
    lint_calendar,
    parse_calendar,
    shipped_texts,
    work_calendar,
)
from node.packs.published import published

STATUTORY = """
[calendar]
layer = "statutory"
year = 2027
version = "2027.1"
name = "国务院办公厅关于2027年部分节假日安排的通知"
document = "国办发明电〔2026〕9号"
published_at = 2026-11-03

[[day]]
date = 2026-12-26
working = true
name = "元旦调休上班"

[[day]]
date = 2027-01-01
working = false
name = "元旦"
"""

LOCAL = """
[calendar]
layer = "local"
issuer = "520402"
version = "520402.1"
name = "暴雪停工"
document = "西府办函〔2026〕3号"
published_at = 2026-01-19

[[day]]
date = 2026-01-20
working = false
name = "暴雪"
"""


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]


def nothing_known(day: date) -> bool | None:
    return None


class TestShippedCalendars:
    """The program comes with the State Council's arrangement of the current year."""

    def test_the_arrangement_of_2026_is_cited(self):
        """Every day off and every make-up workday comes with its notice."""
        calendar = parse_calendar("2026.toml", shipped_texts()["2026.toml"])

        assert ("2026.1", "国办发明电〔2025〕7号", date(2025, 11, 4)) == (calendar.version, calendar.document, calendar.published_at)
        assert ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"] == [f"{day.date:%m-%d}" for day in calendar.days if day.working]

    def test_two_packages_agree_with_it_on_every_day(self):
        """All 365 days as in ``chinesecalendar`` and ``holidays``."""
        calendar = work_calendar([parse_calendar("2026.toml", shipped_texts()["2026.toml"])], nothing_known)
        oracle = holidays.country_holidays("CN", years=2026)

        ours = {day: calendar.is_workday(day) for day in days_of(2026)}

        assert {day: published(day) for day in days_of(2026)} == ours == {day: oracle.is_working_day(day) for day in days_of(2026)}

    def test_every_shipped_file_is_without_fault(self):
        """The program's own files pass the program's own linter."""
        texts = shipped_texts()

        assert {name: () for name in texts} == {name: lint_calendar(name, text) for name, text in texts.items()}


class TestParse:
    """A file is one layer with the document that orders it."""

    def test_a_statutory_layer(self):
        """It may reach back into the December before its year."""
        assert CalendarFile(
            layer=Layer.STATUTORY,
            origin="2027",
            version="2027.1",
            name="国务院办公厅关于2027年部分节假日安排的通知",
            document="国办发明电〔2026〕9号",
            published_at=date(2026, 11, 3),
            days=(CalendarDay(date(2026, 12, 26), True, "元旦调休上班"), CalendarDay(date(2027, 1, 1), False, "元旦")),
        ) == parse_calendar("2027.toml", STATUTORY)

    def test_a_local_layer(self):
        """A county's closures carry the county's document number."""
        calendar = parse_calendar("snow.toml", LOCAL)

        assert (Layer.LOCAL, "520402", 1, "西府办函〔2026〕3号") == (calendar.layer, calendar.origin, calendar.number, calendar.document)

    @pytest.mark.parametrize(
        ("text", "find", "put", "expected"),
        [
            (STATUTORY, "[calendar]", "[calendar", ("", Rule.TOML)),
            (STATUTORY, "[calendar]", "[kalender]", ("kalender", Rule.KEY_UNKNOWN)),
            (STATUTORY, 'layer = "statutory"', "", ("calendar.layer", Rule.KEY_REQUIRED)),
            (STATUTORY, '"statutory"', '"national"', ("calendar.layer", Rule.LAYER_KNOWN)),
            (STATUTORY, "year = 2027", 'year = "2027"', ("calendar.year", Rule.TYPE)),
            (STATUTORY, "year = 2027", "year = true", ("calendar.year", Rule.TYPE)),
            (STATUTORY, "year = 2027", "year = 27", ("calendar.year", Rule.YEAR_RANGE)),
            (STATUTORY, "year = 2027", 'issuer = "520402"', ("calendar.issuer", Rule.KEY_UNKNOWN)),
            (STATUTORY, '"2027.1"', '"2026.1"', ("calendar.version", Rule.VERSION_FORM)),
            (STATUTORY, '"2027.1"', '"2027.0"', ("calendar.version", Rule.VERSION_FORM)),
            (STATUTORY, "国办发明电〔2026〕9号", "国办发明电[2026]9号", ("calendar.document", Rule.DOCUMENT_NUMBER)),
            (STATUTORY, "国办发明电〔2026〕9号", " ", ("calendar.document", Rule.NOT_EMPTY)),
            (STATUTORY, "2026-11-03", "2025-11-03", ("calendar.published_at", Rule.PUBLISHED_IN_TIME)),
            (STATUTORY, "2026-11-03", "2026-11-03T08:00:00Z", ("calendar.published_at", Rule.TYPE)),
            (STATUTORY, "date = 2026-12-26", "date = 2026-11-28", ("day[1].date", Rule.DATE_IN_YEAR)),
            (STATUTORY, "date = 2026-12-26", "date = 2027-01-01", ("day[2].date", Rule.DATE_ONCE)),
            (STATUTORY, "date = 2026-12-26", "date = 2027-01-09", ("day[2].date", Rule.DATES_ASCEND)),
            (STATUTORY, "date = 2026-12-26", "date = 2026-12-25", ("day[1].working", Rule.MAKE_UP_ON_WEEKEND)),
            (STATUTORY, "date = 2026-12-26", 'date = "2026-12-26"', ("day[1].date", Rule.TYPE)),
            (STATUTORY, "working = false", "working = 0", ("day[2].working", Rule.TYPE)),
            (STATUTORY, "working = false", "", ("day[2].working", Rule.KEY_REQUIRED)),
            (STATUTORY, "working = false", "working = false\nnote = 1", ("day[2].note", Rule.KEY_UNKNOWN)),
            (LOCAL, '"520402"', '"西秀区"', ("calendar.issuer", Rule.ISSUER_FORM)),
            (LOCAL, '"520402.1"', '"1"', ("calendar.version", Rule.VERSION_FORM)),
            (LOCAL, "working = false", "working = true", ("day[1].working", Rule.LOCAL_ONLY_CLOSES)),
        ],
    )
    def test_a_fault_is_named_by_file_key_and_rule(self, text, find, put, expected):
        """One change to a good file, one fault."""
        key, rule = expected

        assert Fault("calendar.toml", key, rule) in lint_calendar("calendar.toml", text.replace(find, put, 1))
        assert () == lint_calendar("calendar.toml", text)

    def test_all_faults_are_told_at_once(self):
        """Whoever mends a file sees everything that is wrong with it."""
        text = STATUTORY.replace('"2027.1"', '"1"').replace("元旦调休上班", "")

        with pytest.raises(FaultyCalendar) as refused:
            parse_calendar("2027.toml", text)

        assert "2027.toml: calendar.version: version_form; 2027.toml: day[1].name: not_empty" == str(refused.value)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (STATUTORY.partition("[[day]]")[0] + "\n[calendar.day]\n", ("day", Rule.KEY_REQUIRED)),
            ("day = []\n" + STATUTORY.partition("[[day]]")[0], ("day", Rule.NOT_EMPTY)),
            ("day = [1]\n" + STATUTORY.partition("[[day]]")[0], ("day[1]", Rule.TYPE)),
        ],
    )
    def test_a_year_without_days_is_refused(self, text, expected):
        """A year that has no holiday is a file that was cut off."""
        assert Fault("2027.toml", *expected) in lint_calendar("2027.toml", text)


class TestLayers:
    """Adopted files lie over each other: years, then closures; of one origin the highest version alone."""

    def test_a_year_that_was_adopted_is_no_longer_provisional(self):
        """All its days are certain, also those that the notice does not list."""
        calendar = work_calendar([parse_calendar("2027.toml", STATUTORY)], published)

        assert set() == {day for day in days_of(2027) if calendar.is_provisional(day)}
        assert (False, True) == (calendar.is_workday(date(2027, 1, 1)), calendar.is_workday(date(2027, 1, 4)))

    def test_next_years_notice_changes_this_december(self):
        """Also when the year before is adopted from a file of its own, in whatever order they come."""
        files = [parse_calendar("2027.toml", STATUTORY), parse_calendar("2026.toml", shipped_texts()["2026.toml"])]

        calendars = [work_calendar(files, published), work_calendar(reversed(files), published)]

        assert [("2026.1+2027.1", True)] * 2 == [(calendar.version, calendar.is_workday(date(2026, 12, 26))) for calendar in calendars]

    def test_a_local_closure_lies_over_the_statutory_year(self):
        """And stands in the version that each clock keeps."""
        files = [parse_calendar("snow.toml", LOCAL), parse_calendar("2026.toml", shipped_texts()["2026.toml"])]

        calendar = work_calendar(files, published)

        assert ("2026.1+520402.1", False) == (calendar.version, calendar.is_workday(date(2026, 1, 20)))

    def test_a_higher_version_replaces_the_lower_one_whole(self):
        """A closure that the new version no longer has is lifted."""
        lifted = LOCAL.replace('"520402.1"', '"520402.12"').replace("2026-01-20", "2026-01-21")
        files = [parse_calendar("new.toml", lifted), parse_calendar("old.toml", LOCAL.replace('"520402.1"', '"520402.9"'))]

        calendar = work_calendar(files, published)

        assert ("520402.12", True, False) == (
            calendar.version,
            calendar.is_workday(date(2026, 1, 20)),
            calendar.is_workday(date(2026, 1, 21)),
        )

    def test_one_version_with_two_contents_is_refused(self):
        """A receipt that names the version could be counted in two ways; the same content twice is harmless."""
        one = parse_calendar("a.toml", LOCAL)
        other = parse_calendar("b.toml", LOCAL.replace("2026-01-20", "2026-01-21"))

        with pytest.raises(ValueError, match=r"two different calendars are called version 520402\.1"):
            work_calendar([one, other], published)
        assert "520402.1" == work_calendar([one, one], published).version

    def test_without_any_file_the_published_years_count(self):
        """The version says that nothing was adopted."""
        calendar = work_calendar([], published)

        assert ("0", True) == (calendar.version, calendar.is_workday(date(2026, 2, 14)))
