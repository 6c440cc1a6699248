"""What the story tells is well-formed: people, times, texts, codes."""

from collections.abc import Iterator
from datetime import time

from federation.rehearsal.story import ACTS, BEGINS, ENDS, STAFF, appellants
from federation.rehearsal.story.act import Act
from federation.rehearsal.story.case import Enterprise
from node.domain.command import Command
from node.domain.credit_code import Verdict
from node.domain.credit_code import check as check_credit_code
from node.domain.payload import Text
from node.domain.ticket.completion import Complete
from node.domain.ticket.intake import Register
from tests.rehearsal.player import CALENDAR


class TestData:
    """What is told is well-formed: people, times, texts, codes."""

    def test_every_act_is_given_by_somebody_who_may(self) -> None:
        """The account is among the staff of its node and has the role."""
        nodes = {node.code: node for node in STAFF}

        assert [] == [act for act in ACTS if act.role not in nodes[act.node].roles_of(act.account)]

    def test_every_act_is_in_office_hours(self) -> None:
        """Staff act on working days from 8:30 to 17:30; an enterprise may act at any time."""
        outside = [
            act
            for act in ACTS
            if act.account != "public" and not (CALENDAR.is_workday(act.at.date()) and time(8, 30) <= act.at.time() <= time(17, 30))
        ]

        assert [] == outside

    def test_it_lasts_nine_weeks_over_the_holiday(self) -> None:
        """2026-01-26 to 2026-03-29, with work on both make-up Saturdays and none in the Spring Festival."""
        days = {act.at.date().isoformat() for act in ACTS}

        assert all(BEGINS <= act.at <= ENDS for act in ACTS)
        assert {"2026-02-14", "2026-02-28"} <= days
        assert [] == [day for day in days if "2026-02-15" <= day <= "2026-02-23"]

    def test_every_unit_has_somebody(self) -> None:
        """AS25-1.2e: no dispatch to a unit without staff."""
        for node in STAFF:
            assert {unit.short for unit in node.units} <= {account.unit for account in node.accounts}

    def test_nobody_has_two_accounts_or_two_names(self) -> None:
        """An account is one person."""
        for node in STAFF:
            assert (
                len(node.accounts)
                == len({account.account for account in node.accounts})
                == len({account.name.plain for account in node.accounts})
            )

    def test_enterprises_speak_and_departments_answer_in_full_sentences(self) -> None:
        """Appeals and results have 40 to 200 characters."""
        lengths = {text.plain: len(text.plain) for text in spoken()}

        assert {} == {text: length for text, length in lengths.items() if not 40 <= length <= 200}

    def test_no_two_appeals_are_the_same(self) -> None:
        """Each is a situation of its own; what one enterprise tells twice it tells in other words."""
        appeals = [command.appeal.plain for _, command in given() if isinstance(command, Register)]

        assert len(appeals) == len(set(appeals))

    def test_credit_codes_have_the_right_form(self) -> None:
        """GB 32100: form, division and check characters; the one who gives no name has none."""
        codes = [one.credit_code for one in vars(appellants).values() if isinstance(one, Enterprise) and one.kind != appellants.ANONYMOUS]

        assert {Verdict.VALID} == {check_credit_code(code).verdict for code in codes}
        assert len(codes) == len(set(codes))

    def test_telephone_numbers_are_nobodys(self) -> None:
        """138-0000-xxxx, one for each enterprise."""
        phones = [one.phone for one in vars(appellants).values() if isinstance(one, Enterprise) and one.kind != appellants.ANONYMOUS]

        assert [] == [phone for phone in phones if not (phone.startswith("138-0000-") and len(phone) == 13)]
        assert len(phones) == len(set(phones))


def given() -> Iterator[tuple[Act, Command]]:
    """The acts whose command needs nothing that comes up on the way."""
    for act in ACTS:
        if isinstance(act.command, Command):
            yield act, act.command


def spoken() -> Iterator[Text]:
    """Every appeal, answer and result."""
    for _, command in given():
        if isinstance(command, Register):
            yield command.appeal
            if command.answer:
                yield command.answer
        elif isinstance(command, Complete):
            yield command.result
