"""``qyzj calendar proposals``, ``qyzj ticket carried-over`` and ``qyzj tally --by late``: limits as people at a desk see them."""

from pathlib import Path

from tests.cli.given import Program

SNOW = """
[calendar]
layer = "local"
issuer = "520402"
version = "520402.1"
name = "大雪停工"
document = "西秀府发〔2026〕1号"
published_at = 2026-01-27

[[day]]
date = 2026-02-03
working = false
name = "停工"
"""


def test_a_calendar_that_is_adopted_says_what_it_would_move_and_moves_nothing(qyzj: Program, tmp_path: Path):
    """DESIGN 5: proposed in words, accepted by the office, never silently."""
    ticket = qyzj.handle()
    file = tmp_path / "snow.toml"
    file.write_text(SNOW, "utf-8")

    adopted = qyzj("calendar", "adopt", str(file))
    assert (0, True) == (adopted.code, "qyzj calendar proposals" in adopted.out)
    listed = qyzj("calendar", "proposals", "--json").json["proposals"]
    assert [(ticket, "resolve", True)] == [(one["ticket"], one["clock"], one["is_later"]) for one in listed]
    assert "2026-02-09 24:00" in qyzj("ticket", "clock", ticket, "resolve").out

    assert 0 == qyzj("calendar", "proposals", "--accept-all").code
    assert [] == qyzj("calendar", "proposals", "--json").json["proposals"]
    receipt = qyzj("ticket", "clock", ticket, "resolve")
    assert "2026-02-10 24:00" in receipt.out and "另行独立核算，结果一致" in receipt.out


def test_an_empty_month_and_a_malformed_one(qyzj: Program):
    """A list may be empty; what is no month is said so."""
    assert [] == qyzj("ticket", "carried-over", "2026-01", "--json").json["tickets"]
    assert 64 == qyzj("ticket", "carried-over", "January").code


def test_missed_limits_are_counted_by_kind(qyzj: Program):
    """Nothing is late on the first day."""
    qyzj.handle()
    assert {} == qyzj("tally", "--by", "late", "--json").json["counts"]
