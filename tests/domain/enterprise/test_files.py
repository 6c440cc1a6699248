"""Decisions about enterprise files, without a node: what is refused, in which order, and what folding keeps."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from node.domain.command import Facts
from node.domain.dossier import DossierCommand, decide, fold_dossier
from node.domain.dossiers import DECISIONS
from node.domain.enterprise.contact import SetContact, VisitEnterprise
from node.domain.enterprise.filing import CloseEnterprise, LinkEnterprise, OpenEnterprise, RenameEnterprise, TagEnterprise
from node.domain.enterprise.record import Enterprise
from node.domain.enterprise.service import AssignAgent, DrawService, RecordStep
from node.domain.entry import Actor, Folded, Header, Subject
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from tests.domain.ticket.given import CREDIT_CODE, MONDAY, OFFICE, a_policy

POLICY = a_policy(
    {
        "industries.blocks": ("agriculture", "trade"),
        "enterprises.tags": ("major_taxpayer",),
        "service_package.items": ("legal_advice",),
        "service_package.sizes": ("small", "micro"),
        "park.steps": ("land", "production"),
        "visits.purposes": ("planned_visit", "ticket"),
    }
)
NAME = Text("西秀区惠民餐饮店")
# A code whose check character alone is wrong, as some early ones are (FEATURES 3.2).
DOUBTFUL = CREDIT_CODE[:-1] + "4"


def facts(actor: Actor = OFFICE, **given: Any) -> Facts:
    """What a decision about a file may know."""
    return Facts(actor, fresh_id="E520402-2026-0001", given={"file_of_code": "", "enterprise": None} | given)


def played(*commands: DossierCommand, **given: Any) -> Enterprise:
    """A file after these commands, the first of which opens it; a day apart each."""
    entries: list[Folded] = []
    file = None
    for place, command in enumerate(commands):
        at = MONDAY + timedelta(days=place)
        for one in decide(DECISIONS, file, command, facts(**given), POLICY, at):
            entries.append(Folded(head(one.subject, one.event.kind(), at, len(entries) + 1), one.event))
        file = fold_dossier(entries)
    assert isinstance(file, Enterprise)
    return file


def head(subject: Subject, kind: str, at: datetime, seq: int) -> Header:
    """The header that a journal would give it."""
    return Header(POLICY.node, 1, seq, f"e-{seq}", at, subject, kind, OFFICE)


def refused(file: Enterprise | None, command: DossierCommand, **given: Any) -> Code:
    """The code of the refusal that one command gets."""
    with pytest.raises(Refusal) as refusal:
        decide(DECISIONS, file, command, facts(**given), POLICY, MONDAY)
    return refusal.value.code


PROJECT = OpenEnterprise(Text("产业园项目"), "project", is_park=True)
COMPANY = OpenEnterprise(NAME, credit_code=CREDIT_CODE, size="small")


class TestOpening:
    """One subject, one file, by a right code."""

    @pytest.mark.parametrize(
        ("command", "given", "code"),
        [
            (OpenEnterprise(Text("")), {}, Code.FIELD_REQUIRED),
            (OpenEnterprise(NAME, "guild"), {}, Code.VALUE_NOT_OFFERED),
            (OpenEnterprise(NAME), {}, Code.FIELD_REQUIRED),
            (OpenEnterprise(NAME, "project", CREDIT_CODE), {}, Code.MALFORMED_COMMAND),
            (OpenEnterprise(NAME, credit_code=CREDIT_CODE, is_native=True), {}, Code.MALFORMED_COMMAND),
            (OpenEnterprise(NAME, credit_code=CREDIT_CODE, is_park=True), {}, Code.MALFORMED_COMMAND),
            (OpenEnterprise(NAME, credit_code="9135"), {}, Code.CREDIT_CODE_INVALID),
            (OpenEnterprise(NAME, credit_code=CREDIT_CODE, block="mining"), {}, Code.VALUE_NOT_OFFERED),
            (OpenEnterprise(NAME, credit_code=CREDIT_CODE, division="52"), {}, Code.MALFORMED_COMMAND),
            (OpenEnterprise(NAME, credit_code=CREDIT_CODE, area="东关街道王某13800001234"), {}, Code.MALFORMED_COMMAND),
            (OpenEnterprise(NAME, credit_code=CREDIT_CODE, tags=("friend_of_the_house",)), {}, Code.VALUE_NOT_OFFERED),
            (COMPANY, {"file_of_code": "E520402-2026-0009"}, Code.ALREADY_EXISTS),
        ],
    )
    def test_what_is_no_file_is_refused(self, command: OpenEnterprise, given: dict[str, Any], code: Code):
        """A name, a kind, a right code where there must be one, and nothing twice."""
        assert code is refused(None, command, **given)

    def test_a_doubtful_code_is_taken_and_marked(self):
        """What fails its check character alone is not refused: a second person looks at it."""
        file = played(OpenEnterprise(NAME, credit_code=DOUBTFUL))

        assert (DOUBTFUL, True) == (file.key, file.is_code_doubtful)


class TestHistory:
    """What was true once stays in the file."""

    def test_each_change_is_kept_with_its_day(self):
        """Names, people to be reached and the end of each; tags as they are now."""
        file = played(
            COMPANY,
            RenameEnterprise(Text("惠民餐饮有限公司")),
            SetContact(Contact("赵某"), Contact("1")),
            SetContact(Contact("钱某"), Contact("2")),
            TagEnterprise(("major_taxpayer",)),
            TagEnterprise((), ("major_taxpayer",)),
        )

        assert [MONDAY, MONDAY + timedelta(days=1)] == [name.since for name in file.names]
        assert [MONDAY + timedelta(days=3), None] == [person.until for person in file.people]
        assert ((), 6) == (file.tags, file.version)

    @pytest.mark.parametrize("purpose", ["", "small_talk"])
    def test_a_contact_has_a_purpose(self, purpose: str):
        """FJ25-0.1: none, or none of the pack's, is not recorded."""
        assert refused(played(COMPANY), VisitEnterprise(purpose)) in (Code.FIELD_REQUIRED, Code.VALUE_NOT_OFFERED)

    def test_a_contact_about_a_ticket_names_it(self):
        """Else nobody could see that it had a cause."""
        assert Code.FIELD_REQUIRED is refused(played(COMPANY), VisitEnterprise("ticket"))


class TestTies:
    """A project becomes an enterprise once; only a native ties one from elsewhere to this place."""

    company, project = played(COMPANY), played(PROJECT)
    native = played(OpenEnterprise(Text("李某"), "person", is_native=True))

    @pytest.mark.parametrize(
        ("file", "relation", "other", "code"),
        [
            ("company", "became", "project", Code.NOT_LINKABLE),
            ("project", "became", "native", Code.NOT_LINKABLE),
            ("company", "native_of", "project", Code.NOT_LINKABLE),
            ("company", "sister_of", "project", Code.VALUE_NOT_OFFERED),
            ("company", "branch_of", None, Code.SUBJECT_UNKNOWN),
        ],
    )
    def test_what_cannot_be_tied(self, file: str, relation: str, other: str | None, code: Code):
        """By what the two files are about."""
        tied = _other(getattr(self, other)) if other else None
        assert code is refused(getattr(self, file), LinkEnterprise(relation, "E-other"), enterprise=tied)

    def test_a_closed_file_says_so_once(self):
        """The second time nothing happens."""
        file = played(COMPANY, CloseEnterprise(Text("注销")))
        assert ("closed", []) == (file.state, decide(DECISIONS, file, CloseEnterprise(Text("注销")), facts(), POLICY, MONDAY))


class TestServices:
    """Who may draw, and what a project of the park needs."""

    @pytest.mark.parametrize(
        ("first", "command", "code"),
        [
            (COMPANY, DrawService("tea"), Code.VALUE_NOT_OFFERED),
            (OpenEnterprise(NAME, credit_code=CREDIT_CODE, size="large"), DrawService("legal_advice"), Code.NOT_ELIGIBLE),
            (OpenEnterprise(NAME, credit_code=CREDIT_CODE), DrawService("legal_advice"), Code.NOT_ELIGIBLE),
            (COMPANY, AssignAgent("li"), Code.NOT_LINKABLE),
            (PROJECT, RecordStep("land"), Code.NOT_LINKABLE),
        ],
    )
    def test_what_is_not_for_it(self, first: OpenEnterprise, command: DossierCommand, code: Code):
        """FJ25-1.2.4b, 3.7.3b."""
        assert code is refused(played(first), command)

    def test_steps_are_done_once_and_in_the_list(self):
        """With an agent; a step that the pack does not know is refused."""
        steps: Sequence[DossierCommand] = (PROJECT, AssignAgent("li"), RecordStep("land"), RecordStep("land"))
        file = played(*steps)
        assert (("land",), "li") == (file.steps, file.agent)
        assert Code.VALUE_NOT_OFFERED is refused(file, RecordStep("party"))


def _other(file: Enterprise) -> Enterprise:
    """The same file under another id: all of them here have the one that ``facts`` gives."""
    return replace(file, id="E-other")
