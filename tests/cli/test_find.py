"""``qyzj find``: the problem library on the command line."""

from datetime import timedelta

from tests.cli.given import APPEAL, MONDAY, Program


class TestFind:
    """XS25-4.2b: by text, type, source, unit, state and date."""

    def test_it_answers_as_a_document(self, qyzj: Program):
        """How many, and each with where the word stands."""
        ticket = qyzj.register()

        said = qyzj("find", "--text", "道路", "--json").json

        (line,) = said["tickets"]
        assert (1, True, ticket, "hotline_12345") == (said["count"], said["is_exact"], line["id"], line["channel"])
        assert [{"event": "Registered", "field": "appeal", "words": APPEAL, "hit": [0, 2]}] == line["found_in"]

    def test_every_condition_narrows(self, qyzj: Program):
        """What does not answer to one of them is not found."""
        ticket = qyzj.handle()
        qyzj.at(MONDAY + timedelta(days=1))
        other = qyzj.register("--same-call", "")

        def found(*options: str) -> list[str]:
            return [line["id"] for line in qyzj("find", *options, "--json").json["tickets"]]

        assert [other, ticket] == found() == found("--text", "店门")
        assert [ticket] == found("--text", "店门", "--unit", "housing") == found("--state", "handling") == found("--to", "2026-01-26")
        assert [other] == found("--from", "2026-01-27") == found("--state", "registered", "--channel", "hotline_12345")
        assert [ticket] == found("--category", "coordination", "--from", "2026-01-26", "--to", "2026-01-26")
        assert [] == found("--channel", "window") == found("--text", "门店")

    def test_a_department_finds_what_is_its_own(self, qyzj: Program):
        """Whoever is named behind --as finds what he may see."""
        ticket = qyzj.handle()
        qyzj.register()

        said = [qyzj("find", "--text", "道路", "--as", account, "--json").json["count"] for account in ("li", "centre")]

        assert ([1, 2], True) == (said, ticket in qyzj("find", "--as", "li").out)

    def test_people_read_a_table(self, qyzj: Program):
        """Words, not codes; the count below."""
        qyzj.handle()

        said = qyzj("find", "--text", "道路").out

        assert all(part in said for part in ("登记时间", "出现处", "办理中", "住建局", APPEAL, "共 1 件，列出 1 件。"))
        assert "问题库中没有符合条件的问题。" in qyzj("find", "--text", "融资").out

    def test_what_cannot_be_read_is_refused(self, qyzj: Program):
        """A state that is none, a day that is none, signs alone."""
        said = [qyzj("find", *options, "--json") for options in (("--state", "open"), ("--from", "gestern"), ("--text", "，"))]

        assert [2, 64, 2] == [one.code for one in said]
        assert ["VALUE_NOT_OFFERED", "FIELD_REQUIRED"] == [said[place].complaint["refusal"]["code"] for place in (0, 2)]
