"""``qyzj account suspend``, ``resume``, ``deputy``, ``deputies``: an operator without a browser says who may act, and in whose place."""

import pytest

from tests.cli.given import Program


class TestSuspended:
    """`qyzj account suspend` and `resume`."""

    def test_it_acts_no_more_until_it_is_resumed(self, qyzj: Program):
        """And comes back in its roles; doing either again changes nothing."""
        ticket = qyzj.handle()
        note = ("ticket", "record-progress", ticket, "--as", "li", "--note", "已到现场")
        suspended = qyzj("account", "suspend", "li", "--reason", "手机遗失")
        listed = qyzj("account", "list").out
        refused = qyzj(*note, "--json")
        again = qyzj("account", "suspend", "li", "--json").json

        assert (0, 2, []) == (suspended.code, refused.code, again["entries"]), suspended.err
        assert "li" in suspended.out and "已暂停" in listed
        assert "UNAUTHENTICATED" == refused.complaint["refusal"]["code"]
        assert 0 == qyzj("account", "resume", "li").code
        assert 0 == qyzj(*note).code

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("suspend", "nobody"), "ACCOUNT_UNKNOWN"),
            (("suspend", "centre"), "OWN_CASE"),
            (("suspend", "audit", "--as", "centre"), "PERMISSION_DENIED"),
            (("deputy", "li", "centre", "--to", "morgen"), "MALFORMED_COMMAND"),
            (("deputy", "li", "nobody", "--to", "2026-02-06"), "ACCOUNT_UNKNOWN"),
            (("deputy", "li", "li", "--to", "2026-02-06"), "DEPUTY_UNFIT"),
            (("deputy", "li", "centre", "--to", "2026-02-06", "--duty", "king"), "VALUE_NOT_OFFERED"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, qyzj: Program, arguments: tuple[str, ...], code: str):
        """With its code."""
        said = qyzj("account", *arguments, "--json")

        assert (2, code) == (said.code, said.complaint["refusal"]["code"])

    def test_an_administrator_is_the_security_administrators(self, qyzj: Program):
        """Who acts need not be named."""
        assert [0, 0] == [qyzj("account", verb, "audit").code for verb in ("suspend", "resume")]


class TestDeputies:
    """`qyzj account deputy`, `end-deputy`, `deputies`."""

    def test_a_leave_is_covered_and_ended(self, qyzj: Program):
        """The entry of the deputy says on whose behalf; the list tells it of either."""
        assert 0 == qyzj("account", "open", "sun", "--role", "department", "--unit", "housing").code
        named = qyzj("account", "deputy", "li", "sun", "--to", "2026-01-30", "--json")
        listed = [qyzj("account", "deputies", *who, "--json").json["deputies"] for who in ((), ("li",), ("sun",), ("centre",))]
        shown = qyzj("account", "deputies").out
        ended = qyzj("account", "end-deputy", "li", "sun")

        assert (0, 0) == (named.code, ended.code), named.err + ended.err
        line = {"account": "li", "deputy": "sun", "duty": "deputy", "from_day": "2026-01-26", "to_day": "2026-01-30"}
        assert [True, True, True, False] == [line.items() <= one[0].items() if one else False for one in listed]
        assert "代理人" in shown and "2026-01-30" in shown
        assert [] == qyzj("account", "deputies", "--json").json["deputies"]
