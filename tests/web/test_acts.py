"""Acting by forms: sent once, in conflict, refused, kept as drafts, and by whom not."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from node.domain.entry import Subject
from node.domain.organisation import Role
from node.domain.payload import Contact, Text
from node.domain.ticket.correction import Correct
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.filling import Conceal
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.intake import Register
from node.services import drafts
from node.services.command_fields import commands
from node.web.app import create_app
from node.web.desk import Desk, signed_in
from node.web.forms import can_be_a_form
from tests.support.node import Hands, make_node
from tests.web.support import at_desk

EXTENSION = {"promised": "2026-01-20", "ground": "complex", "reason": "需要勘测"}


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    made = make_node(tmp_path / "node")
    made.staff("housing", "tax")
    return made


def registered(hands: Hands) -> str:
    register = Register(
        channel="hotline_12345",
        appeal=Text("厂区门口道路破损"),
        name=Contact("王五"),
        phone=Contact("13900001111"),
        received_at=hands.now,
    )
    return hands.act("office", register).subject.id


def in_hand(hands: Hands) -> str:
    """A ticket that housing handles."""
    ticket = registered(hands)
    with hands.node.store.read() as view:
        passed = hands.node.policies.of_node(view, hands.now).pack.names("forming.tests")
    hands.act("office", Form(category="coordination", passed=passed), ticket)
    hands.act("office", Dispatch(lead="520402-housing"), ticket)
    hands.act("department", Sign(), ticket, unit="housing", account="d-housing")
    return ticket


def hidden(answer: Any) -> dict[str, str]:
    """What the form carries unseen."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text))


def send(client: TestClient, path: str, typed: Mapping[str, object]) -> Any:
    """Fill in the form at *path* and send it as a browser does."""
    return client.post(path, data={**hidden(client.get(path)), **typed})


def kinds(hands: Hands, ticket: str) -> list[str]:
    with hands.node.store.read() as view:
        return [one.header.kind for one in view.journal.of_subject(Subject("ticket", ticket))]


class TestActing:
    """POST, then back with what happened in words."""

    def test_a_filled_form_acts_and_goes_back_to_the_ticket(self, hands: Hands) -> None:
        """So that reloading the page does nothing again."""
        ticket = in_hand(hands)
        housing = at_desk(hands, "d-housing")

        answer = send(housing, f"/tickets/{ticket}/do/record-progress", {"note": "已联系施工队"})

        assert (303, f"/tickets/{ticket}?done=record-progress") == (answer.status_code, answer.headers["location"])
        page = housing.get(answer.headers["location"]).text
        assert "已办理：记录办理进展" in page or "已办理" in page
        assert "已联系施工队" in page

    def test_a_form_that_is_sent_twice_acts_once(self, hands: Hands) -> None:
        """A double click, or "back" and "send": the second gives the first outcome."""
        ticket = in_hand(hands)
        housing = at_desk(hands, "d-housing")
        path = f"/tickets/{ticket}/do/record-progress"
        typed = {**hidden(housing.get(path)), "note": "已联系施工队"}

        answers = [housing.post(path, data=typed).status_code for _ in range(2)]

        assert [303, 303] == answers
        assert 1 == kinds(hands, ticket).count("ProgressRecorded")

    def test_a_refusal_says_why_and_what_to_do_and_keeps_the_text(self, hands: Hands) -> None:
        """What was typed stands in the page that says no."""
        ticket = in_hand(hands)
        housing = at_desk(hands, "d-housing")

        answer = send(
            housing, f"/tickets/{ticket}/do/request-extension", {"promised": "2026-01-20", "ground": "complex", "reason": "需要勘测"}
        )

        assert 400 <= answer.status_code < 500
        assert 'role="alert"' in answer.text and "需要勘测" in answer.text and 'value="2026-01-20"' in answer.text

    def test_what_is_missing_is_said_at_its_field(self, hands: Hands) -> None:
        """The form says how many, and each where it is."""
        ticket = in_hand(hands)

        answer = send(at_desk(hands, "d-housing"), f"/tickets/{ticket}/do/complete", {"result": "已修复"})

        assert 422 == answer.status_code
        assert 'id="f-standard-refused"' in answer.text and "已修复" in answer.text

    @pytest.mark.parametrize(
        ("back", "goes"), [("/boards/dispatch", "/boards/dispatch"), ("//evil.example/x", None), ("https://evil.example", None)]
    )
    def test_the_way_back_is_a_path_of_this_node(self, hands: Hands, back: str, goes: str | None) -> None:
        """An address that somebody sends leads nowhere else."""
        ticket = registered(hands)
        typed = {"way": "phone", "question": "办到哪一步了", "back": back}

        answer = send(at_desk(hands, "centre"), f"/tickets/{ticket}/do/log-enquiry", typed)

        assert f"{goes or f'/tickets/{ticket}'}?done=log-enquiry" == answer.headers["location"]

    def test_what_starts_a_ticket_leads_to_its_page(self, hands: Hands) -> None:
        """By the form of the command itself, without the intake's own page."""
        typed = {"channel": "hotline_12345", "appeal": "停车难", "name": "王五", "phone": "13900001111", "received_at": "2026-01-26T09:00"}

        answer = send(at_desk(hands, "centre"), "/new/register", typed)

        assert 303 == answer.status_code
        assert re.fullmatch(r"/tickets/\d{20}\?done=register", answer.headers["location"])


class TestConflict:
    """Two clerks at one ticket: the second sees what the first did and keeps his text."""

    def test_the_second_is_shown_the_change_and_keeps_what_he_typed(self, hands: Hands) -> None:
        """C24: and sends the same form again, knowing it."""
        ticket = in_hand(hands)
        housing, path = at_desk(hands, "d-housing"), f"/tickets/{ticket}/do/record-progress"
        mine = {**hidden(housing.get(path)), "note": "我写了二十分钟"}
        hands.act("department", RecordProgress(Text("同事先写了一句")), ticket, unit="housing", account="d-housing-2")

        refused = housing.post(path, data=mine)
        again = housing.post(path, data={**hidden(refused), "note": "我写了二十分钟"})

        assert 409 == refused.status_code
        assert "我写了二十分钟" in refused.text and "d-housing-2" in refused.text
        assert 303 == again.status_code
        assert 2 == kinds(hands, ticket).count("ProgressRecorded")


class TestDrafts:
    """C24: what was typed outlives the page, the session and the process."""

    def test_what_is_typed_is_kept_and_comes_back(self, hands: Hands) -> None:
        """As the page itself sends it while somebody types; another account has nothing of it."""
        ticket = in_hand(hands)
        housing, path = at_desk(hands, "d-housing"), f"/tickets/{ticket}/do/complete"
        form = hidden(housing.get(path))

        kept = housing.post("/drafts", data={**form, "result": "写到一半"})
        later = at_desk(hands, "d-housing").get(path).text

        assert 204 == kept.status_code
        assert "写到一半" in later and "已恢复" in later
        assert "写到一半" not in at_desk(hands, "d-tax").get(f"/tickets/{ticket}/do/log-enquiry").text

    def test_without_script_a_button_keeps_it(self, hands: Hands) -> None:
        """Also while something that must be given is missing."""
        ticket = in_hand(hands)
        housing, path = at_desk(hands, "d-housing"), f"/tickets/{ticket}/do/complete"

        answer = send(housing, path, {"result": "写到一半", "then": "keep"})

        assert 303 == answer.status_code
        assert "写到一半" in housing.get(path).text

    def test_once_it_is_sent_or_thrown_away_it_is_forgotten(self, hands: Hands) -> None:
        """Nothing of it lies about."""
        ticket = in_hand(hands)
        housing, path = at_desk(hands, "d-housing"), f"/tickets/{ticket}/do/record-progress"
        send(housing, path, {"note": "一", "then": "keep"})
        send(housing, path, {"note": "一"})
        other = f"/tickets/{ticket}/do/complete"
        send(housing, other, {"result": "二", "then": "keep"})
        send(housing, other, {"then": "drop"})

        with hands.node.store.read() as view:
            assert [] == drafts.of_account(view, "d-housing")

    def test_what_the_page_kept_too_late_does_not_come_back(self, hands: Hands) -> None:
        """The page kept it while the form was on its way: once it was carried out there is no draft of it."""
        ticket = in_hand(hands)
        housing, path = at_desk(hands, "d-housing"), f"/tickets/{ticket}/do/record-progress"
        typed = {**hidden(housing.get(path)), "note": "一"}
        housing.post(path, data=typed)

        late = housing.post("/drafts", data=typed)

        with hands.node.store.read() as view:
            assert (204, []) == (late.status_code, drafts.of_account(view, "d-housing"))

    def test_a_draft_of_an_older_state_says_what_changed(self, hands: Hands) -> None:
        """Somebody comes back after lunch: his words are there, and so is what happened."""
        ticket = in_hand(hands)
        housing, path = at_desk(hands, "d-housing"), f"/tickets/{ticket}/do/complete"
        send(housing, path, {"result": "写到一半", "then": "keep"})
        hands.act("department", RecordProgress(Text("同事先写了一句")), ticket, unit="housing", account="d-housing-2")

        page = housing.get(path).text

        assert "写到一半" in page and "d-housing-2" in page and "有新的变化" in page

    def test_only_forms_that_exist_are_kept(self, hands: Hands) -> None:
        """It is no place to store things in."""
        answer = at_desk(hands, "centre").post("/drafts", data={"kept_as": "my/own/notes", "csrf": "x"})

        assert 422 == answer.status_code


class TestWhoMayNot:
    """A form is shown to whom it is for; what is hidden is not there."""

    def test_a_role_that_may_not_give_it_is_refused(self, hands: Hands) -> None:
        """403, by the rights of the pack."""
        ticket = in_hand(hands)

        assert 403 == at_desk(hands, "d-housing").get(f"/tickets/{ticket}/do/dispatch").status_code

    def test_another_units_ticket_cannot_be_acted_on_by_its_number(self, hands: Hands) -> None:
        """IDOR: neither the form nor sending it."""
        ticket = in_hand(hands)
        tax, path = at_desk(hands, "d-tax"), f"/tickets/{ticket}/do/record-progress"
        before = kinds(hands, ticket)

        assert [404, 404] == [tax.get(path).status_code, tax.post(path, data={"note": "x", "csrf": "x"}).status_code]
        assert before == kinds(hands, ticket)

    def test_a_unit_complained_of_finds_nothing(self, hands: Hands) -> None:
        """XS25-4.3.1.4: not even that somebody complained."""
        ticket = registered(hands)
        hands.act("office", Conceal(units=("520402-tax",), reason=Text("投诉该单位")), ticket)
        tax = at_desk(hands, "d-tax")

        nothing = tax.get("/tickets/52040220260126999990").status_code
        assert {404} == {nothing, tax.get(f"/tickets/{ticket}").status_code, tax.get(f"/tickets/{ticket}/do/log-enquiry").status_code}

    @pytest.mark.parametrize(
        "path", ["/new/dispatch", "/new/deem-signed", "/new/nothing", "/order/x/do/dispatch", "/ticket/x/do/dispatch", "/new/adopt-guide"]
    )
    def test_what_is_no_form_is_not_found(self, hands: Hands, path: str) -> None:
        """A command of the node itself, of another subject, or of nobody."""
        assert 404 == at_desk(hands, "centre").get(path).status_code


class TestEveryForm:
    """Issue 5 item 3: every command for people renders, at its own address."""

    def test_every_form_is_shown(self, tmp_path: Path) -> None:
        """To somebody who may give all of them; what is about nothing that exists is not found, and no address fails."""
        hands = make_node(tmp_path / "node")
        ticket = registered(hands)
        client = _with_every_role(hands)
        for verb, command in commands().items():
            kind = command.subject_kind.value
            path = f"/new/{verb}" if command.starts else f"/tickets/{ticket}/do/{verb}" if kind == "ticket" else f"/{kind}/520402/do/{verb}"

            # A correction asks first which fact.
            answer = client.get(f"{path}?field=phone" if command is Correct else path)

            is_there = can_be_a_form(command) and (command.starts or kind in ("ticket", "node", "round"))
            assert (200 if is_there else 404) == answer.status_code, path
            if is_there:
                assert 'name="command_id"' in answer.text and 'class="first"' in answer.text, path


def _with_every_role(hands: Hands) -> TestClient:
    app = create_app(hands.node)
    roles = tuple(role.value for role in Role if role is not Role.NODE)

    def desk(request: Request) -> Desk:
        request.state.desk = Desk(hands.node, "centre", "centre", "520402-centre", roles, Role.OFFICE.value)
        return request.state.desk  # type: ignore[no-any-return]  # state is untyped

    app.dependency_overrides[signed_in] = desk
    return TestClient(app, follow_redirects=False)
