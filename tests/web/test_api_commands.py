"""Commands over HTTP: every one at its address, once, on the state that was seen, within rights and scopes."""

import json
import uuid
from dataclasses import MISSING, is_dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from node.domain.command import Command
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.services.command_fields import commands_by_kind, fields_of, is_many, verb_of
from node.storage import schema
from node.web.api import shape
from node.web.api.converting import command_of, key_of, read_json
from node.web.api.document import PREFIX, document
from tests.support.node import Hands, make_node
from tests.web.api import Caller, a_need
from tests.web.support import at_desk, csrf

COMMANDS = [command for commands in commands_by_kind().values() for command in commands]


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    made = make_node(tmp_path_factory.mktemp("api") / "node")
    made.staff("housing")
    return made


@pytest.fixture(scope="module")
def office(hands: Hands) -> Caller:
    return Caller(hands, "centre")


@pytest.fixture
def ticket(office: Caller) -> str:
    return str(office.post("/tickets", a_need()).json()["subject"]["id"])


# --- the shape --------------------------------------------------------------------------------------------------------

_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: _WORDS,
    Text: _WORDS.map(Text),
    Contact: _WORDS.map(Contact),
    bool: st.booleans(),
    int: st.integers(-shape.number_max, shape.number_max),
    date: st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    datetime: _MOMENTS,
}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Whatever a field of the type *kind* may hold."""
    if is_many(kind):
        return st.lists(values_of(get_args(kind)[0]), max_size=3).map(tuple)
    return _PLAIN[kind] if kind in _PLAIN else made_of(kind)


def made_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Whatever dataclass of the type *kind* there may be; what has a default has it or another value."""
    fields = fields_of(kind)
    required = {name: values_of(one) for name, (one, default) in fields.items() if default is MISSING}
    optional = {name: values_of(one) for name, (one, default) in fields.items() if default is not MISSING}
    return st.fixed_dictionaries(required, optional=optional).map(lambda given: kind(**given))


def body_of(value: Any) -> Any:
    """*value* as another system would write it in JSON."""
    if isinstance(value, Text | Contact):
        return value.plain
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [body_of(one) for one in value]
    if is_dataclass(value):
        return {name: body_of(getattr(value, name)) for name in fields_of(type(value)) if getattr(value, name) is not None}
    return value


class TestShape:
    """A command is its class: what is sent is what is decided about."""

    @pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.__name__)
    def test_a_command_comes_as_it_was_sent(self, command: type[Command]):
        """For every command: written as a body and read again it is the same command."""

        @settings(max_examples=5, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(made_of(command))
        def holds(one: Command) -> None:
            body = json.loads(json.dumps(body_of(one)))

            assert one == command_of(command, read_json(json.dumps(body).encode()))[0]

        holds()

    def test_every_command_of_a_person_has_one_address(self):
        """And the document names it, with a body that lets nothing in that the command does not have."""
        operations = {
            operation["operationId"]: (path, operation)
            for path, methods in document("en")["paths"].items()
            for method, operation in methods.items()
            if method == "post"
        }

        # A file comes in a body of its own kind, and a command files it.
        assert {verb_of(command) for command in COMMANDS} | {"attach"} == set(operations)
        for command in COMMANDS:
            path, operation = operations[verb_of(command)]
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            assert {*fields_of(command), "occurred_at"} == set(schema["properties"]), path
            assert schema["additionalProperties"] is False

    def test_addresses_are_those_that_the_document_names(self):
        """Collection, id, verb; the usual way to start something is a POST to its collection."""
        paths = document("en")["paths"]

        assert {"register", "convene-meeting", "open-round", "open-unit"} == {
            paths[PREFIX + path]["post"]["operationId"] for path in ("/tickets", "/meetings", "/rounds", "/node/open-unit")
        }
        assert "request-escalation" == paths[PREFIX + "/tickets/{id}/request-escalation"]["post"]["operationId"]

    @pytest.mark.parametrize(
        ("body", "code", "field"),
        [
            ({}, Code.FIELD_REQUIRED, "channel"),
            (a_need(channel=None), Code.FIELD_REQUIRED, "channel"),
            (a_need(appeal=7), Code.MALFORMED_COMMAND, "appeal"),
            (a_need(appeal="\0"), Code.MALFORMED_COMMAND, "appeal"),
            (a_need(appeal="\ud800"), Code.MALFORMED_COMMAND, "appeal"),
            (a_need(appeal="长" * 20_001), Code.MALFORMED_COMMAND, "appeal"),
            (a_need(received_at="2026-01-26T08:50:00"), Code.MALFORMED_COMMAND, "received_at"),
            (a_need(received_at="0001-01-01T00:00:00+14:00"), Code.MALFORMED_COMMAND, "received_at"),
            (a_need(crossing="cross_level"), Code.MALFORMED_COMMAND, "crossing"),
            (a_need(crossing=[True]), Code.MALFORMED_COMMAND, "crossing.0"),
            (a_need(is_read_back="yes"), Code.MALFORMED_COMMAND, "is_read_back"),
            (a_need(state="closed"), Code.MALFORMED_COMMAND, "state"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_its_field(self, body: dict[str, Any], code: Code, field: str):
        """Nothing is guessed, and a field that no command has is no command's."""
        with pytest.raises(Refusal) as refused:
            command_of(COMMANDS[0], body)

        assert (code, field) == (refused.value.code, refused.value.facts["field"])

    @pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"NaN", b'{"a": ' + b"9" * 5_000 + b"}", b"[" * 100_000])
    def test_what_is_no_object_is_refused(self, body: bytes):
        """Also what a reader of JSON stumbles over."""
        with pytest.raises(Refusal) as refused:
            read_json(body)

        assert Code.MALFORMED_COMMAND is refused.value.code


# --- over HTTP --------------------------------------------------------------------------------------------------------


class TestOnce:
    """The same key again is the same request."""

    def test_the_same_key_gives_the_first_outcome(self, hands: Hands, office: Caller):
        """201 once, then 200 and `is_repeat`, with one ticket behind both."""
        key = str(uuid.uuid4())

        first, again = (office.post("/tickets", a_need(), key=key) for _ in range(2))

        assert (201, 200) == (first.status_code, again.status_code)
        assert (False, True) == (first.json()["is_repeat"], again.json()["is_repeat"])
        assert first.json()["subject"] == again.json()["subject"]
        assert f"{PREFIX}/tickets/{first.json()['subject']['id']}" == first.headers["location"]
        assert 8 == len(first.json()["query_code"])

    def test_the_same_key_for_something_else_is_refused(self, office: Caller, ticket: str):
        """Another text, another command or another subject: the key stands for what it came with first."""
        key = str(uuid.uuid4())
        office.post("/tickets", a_need(), key=key)

        others = [
            office.post("/tickets", a_need(phone="13800000001"), key=key),
            office.post(f"/tickets/{ticket}/log-enquiry", {"way": "phone"}, key=key),
        ]

        assert [(409, "SAME_ID_OTHER_CONTENT")] * 2 == [(one.status_code, one.json()["code"]) for one in others]

    def test_a_key_of_another_system_is_refused(self, hands: Hands, office: Caller):
        """Nobody reads another's outcome by guessing or seeing his key."""
        key = str(uuid.uuid4())
        office.post("/tickets", a_need(), key=key)

        answer = Caller(hands, "d-housing").post("/tickets", a_need(), key=key)

        assert (409, "SAME_ID_OTHER_CONTENT") == (answer.status_code, answer.json()["code"])

    def test_a_key_whose_content_is_not_kept_any_more_is_refused(self, hands: Hands, office: Caller):
        """Whatever comes under it: taken for a repeat, another need would be lost; the refusal says what the key once led to."""
        key = str(uuid.uuid4())
        first = office.post("/tickets", a_need(), key=key).json()["subject"]["id"]
        with hands.node.store.write() as work:
            work.connection.execute(delete(schema.requests).where(schema.requests.c.id == key))
        housing = Caller(hands, "d-housing")
        before = _entries(hands)

        answers = [office.post("/tickets", a_need(phone=phone), key=key) for phone in ("13800000000", "13900000009")]
        others = housing.post("/tickets", a_need(), key=key)

        assert [(409, "ID_USED_UP")] * 2 == [(one.status_code, one.json()["code"]) for one in answers]
        assert [first] * 2 == [one.json()["facts"]["subject"] for one in answers]
        assert ("SAME_ID_OTHER_CONTENT", False) == (others.json()["code"], first in others.text)
        assert before == _entries(hands)

    def test_what_was_refused_may_come_again_under_its_key(self, office: Caller):
        """A refusal writes nothing: no key is used up by it."""
        key = str(uuid.uuid4())

        refused = office.post("/tickets", a_need(channel="pigeon"), key=key)
        done = office.post("/tickets", a_need(), key=key)

        assert (422, 201) == (refused.status_code, done.status_code)

    def test_no_digest_is_kept_that_a_phone_can_be_tried_against(self, hands: Hands, office: Caller):
        """It is made under a key of the node: the same request at another node leaves another digest."""
        key = str(uuid.uuid4())
        office.post("/tickets", a_need(), key=key)
        with hands.node.store.read() as view:
            kept = view.connection.execute(select(schema.requests.c.digest).where(schema.requests.c.id == key)).scalar_one()

        assert 32 == len(kept)
        assert key == key_of(key.upper())

    def test_a_key_that_is_no_uuid_is_refused(self, office: Caller):
        """Ids of commands are UUIDs everywhere."""
        answer = office.post("/tickets", a_need(), key="42")

        assert (422, "Idempotency-Key") == (answer.status_code, answer.json()["facts"]["field"])


class TestSeen:
    """Two desks at one ticket: the later one is told."""

    def test_an_act_on_the_state_that_was_seen_is_carried_out(self, office: Caller, ticket: str):
        """The ETag goes out with the page and comes back with the command."""
        seen = office.get(f"/tickets/{ticket}").headers["etag"]

        answer = office.post(f"/tickets/{ticket}/log-enquiry", {"way": "phone"}, seen=seen)

        assert ('"1.1-', 200) == (seen[:5], answer.status_code)
        assert '"1.1"' == answer.headers["etag"]
        assert ["EnquiryLogged"] == [one["kind"] for one in answer.json()["entries"]]

    def test_an_act_on_an_older_state_is_refused(self, hands: Hands, office: Caller, ticket: str):
        """412, and nothing is written."""
        before = _entries(hands)

        answers = [office.post(f"/tickets/{ticket}/log-enquiry", {"way": "phone"}, seen=seen) for seen in ('"1.9"', '"1.9-5f0c"')]

        assert [(412, "VERSION_CONFLICT")] * 2 == [(one.status_code, one.json()["code"]) for one in answers]
        assert before == _entries(hands)

    @pytest.mark.parametrize("seen", ["1.1", 'W/"1.1"', '"x"', '"1.1-"', '"1.1-xyz"', '"1.99999999999"'])
    def test_another_form_of_it_is_refused(self, office: Caller, ticket: str, seen: str):
        """Also a weak one: it would not say which state was seen."""
        answer = office.post(f"/tickets/{ticket}/log-enquiry", {"way": "phone"}, seen=seen)

        assert (422, "If-Match") == (answer.status_code, answer.json()["facts"]["field"])


def _entries(hands: Hands) -> int:
    with hands.node.store.read() as view:
        return int(view.connection.execute(select(func.count()).select_from(schema.entries)).scalar_one())


class TestRights:
    """A token does what its scopes name and its account may; a cookie alone changes nothing."""

    def test_the_entry_names_account_and_role(self, hands: Hands, office: Caller, ticket: str):
        """As from every other entrance."""
        first = office.get(f"/tickets/{ticket}").json()["timeline"][0]

        assert ("Registered", "centre", "520402-centre") == (first["kind"], first["actor"]["account"], first["actor"]["unit"])
        assert first["actor"]["role"] in ("office", "window_clerk")

    def test_a_token_of_one_role_acts_in_that_role(self, hands: Hands):
        """Though its account has two."""
        clerk = Caller(hands, "centre", "window_clerk")

        made = clerk.post("/tickets", a_need()).json()["subject"]["id"]

        assert "window_clerk" == clerk.get(f"/tickets/{made}").json()["timeline"][0]["actor"]["role"]

    def test_a_command_outside_the_scopes_is_refused(self, hands: Hands, ticket: str):
        """The scope names commands one by one."""
        narrow = Caller(hands, "centre", scopes=("register",))

        answers = [narrow.post("/tickets", a_need()), narrow.post(f"/tickets/{ticket}/conceal", {"units": []}), narrow.get("/tickets")]

        assert [201, 403, 403] == [one.status_code for one in answers]

    def test_what_the_account_may_not_is_refused_whatever_the_scope(self, hands: Hands, office: Caller, ticket: str):
        """A department dispatches nothing, also by a token for everything, be the ticket its own or another's."""
        own, housing = office.post("/tickets", a_need(first_contact="housing")).json()["subject"]["id"], Caller(hands, "d-housing")
        answers = [housing.post(f"/tickets/{one}/dispatch", {"lead": "housing"}) for one in (own, ticket)]

        assert [(403, "PERMISSION_DENIED")] * 2 == [(one.status_code, one.json()["code"]) for one in answers]

    def test_a_session_needs_the_token_of_its_forms(self, hands: Hands, ticket: str):
        """Another site could send the cookie along, but knows no token."""
        page = at_desk(hands, "centre", "office")
        page.headers.pop("x-csrf-token")
        path, body = f"{PREFIX}/tickets/{ticket}/log-enquiry", {"way": "phone"}

        bare, forged, right = (
            page.post(path, json=body, headers=headers) for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": csrf})
        )

        assert [403, 403, 200] == [one.status_code for one in (bare, forged, right)]
        assert 200 == page.get(f"{PREFIX}/tickets").status_code

    @pytest.mark.parametrize("path", ["/tickets/1/no-such-verb", "/nothing", "/node/request-escalation", "/tickets/x/register"])
    def test_an_address_that_is_none_is_told(self, office: Caller, path: str):
        """404 as a problem."""
        answer = office.post(path)

        assert (404, "application/problem+json") == (answer.status_code, answer.headers["content-type"])

    def test_a_body_that_is_too_large_is_refused(self, office: Caller):
        """Before it is read to its end."""
        answer = office.client.post(f"{PREFIX}/tickets", content=b" " * (4 * 1024 * 1024 + 1))

        assert (413, "BODY_TOO_LARGE") == (answer.status_code, answer.json()["code"])

    def test_what_happened_earlier_is_said_with_it(self, hands: Hands, office: Caller):
        """`occurred_at` goes with any command, as on the command line."""
        at = hands.now - timedelta(hours=3)

        made = office.post("/tickets", a_need(occurred_at=at.isoformat())).json()["subject"]["id"]

        assert at.isoformat() == office.get(f"/tickets/{made}").json()["timeline"][0]["occurred_at"]


@pytest.mark.clause("XS25-3.2e")
def test_another_system_brings_a_problem_in_and_reads_its_state(tmp_path: Path):
    """It gets the number back, reads the state later, and each call that it made stands in the document."""
    hands = make_node(tmp_path / "node", "330225", "xiangshan-2025")
    system = Caller(hands, "centre")

    made = system.post("/tickets", a_need(channel="centre_online"))
    number = made.json()["subject"]["id"]
    read = system.get(f"/tickets/{number}")

    assert (201, 20) == (made.status_code, len(number)), made.text
    assert (200, "registered") == (read.status_code, read.json()["ticket"]["state"])
    paths = document("zh-CN")["paths"]
    assert {"post"} <= set(paths[f"{PREFIX}/tickets"])
    assert {"get"} <= set(paths[f"{PREFIX}/tickets/{{id}}"])
