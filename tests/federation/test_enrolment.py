"""Invited, enrolled, joined: how a node comes to belong to its superior, also when an answer is lost (DESIGN 13, Identity)."""

from pathlib import Path

import pytest
from sqlalchemy import delete, update

from federation import invitation as invitations
from federation.certificates import Credentials, make_request, node_of
from federation.codec import payload_keys_from_pb
from federation.enrolment import REACTION_ACTOR, Joined, invite, join
from federation.invitation import Invitation
from federation.trust import Trust
from federation.v1 import enrolment_pb2
from node.domain.entry import Actor
from node.domain.payload import PayloadKind, Text
from node.domain.refusal import Code, Refusal
from node.domain.registry import NodeAdmitted, NodeInvited, SetNodeStatus, SuperiorJoined
from node.storage import schema
from node.storage.codec import decode_content
from tests.federation.levels import WALL, Context, Place, connect, enrol, full_behind, make_place, settle

COUNTY, CITY, PROVINCE = "520402", "520400", "520000"


@pytest.fixture
def county(tmp_path: Path) -> Place:
    return make_place(tmp_path, COUNTY)


@pytest.fixture
def city(tmp_path: Path) -> Place:
    return make_place(tmp_path, CITY, "anshun-2025")


def invited(city: Place) -> Invitation:
    return invite(city.level, city.files.authority(CITY, WALL), COUNTY, "西秀区", "city.example:7443", REACTION_ACTOR)


class Asked:
    """Calls `Enrol` in this thread, and remembers what was asked and answered."""

    def __init__(self, city: Place, invitation: Invitation) -> None:
        self._server = city.enrolment()
        self._context = Context(invitation.bootstrap)
        self.requests: list[enrolment_pb2.EnrolRequest] = []
        self.answers: list[enrolment_pb2.EnrolResponse] = []
        self.loses_answer = False

    def __call__(self, request: enrolment_pb2.EnrolRequest) -> enrolment_pb2.EnrolResponse:
        self.requests.append(request)
        self.answers.append(self._server.Enrol(request, self._context))  # type: ignore[arg-type]
        if self.loses_answer:
            raise Refusal(Code.PEER_AWAY, peer=CITY)
        return self.answers[-1]


def kinds(place: Place, node: str) -> list[str]:
    return [decode_content(data).header.kind for data in place.contents(node)]


def events(place: Place, node: str, kind: type) -> list[object]:
    return [content.event for data in place.contents(node) for content in (decode_content(data),) if isinstance(content.event, kind)]


class TestInvite:
    """A file to hand over; the superior keeps only how to know it again, and its journal says that it was written."""

    def test_an_invitation_is_an_entry_and_a_file(self, city: Place) -> None:
        invitation = invited(city)

        fingerprint = node_of(invitation.bootstrap.certificate).fingerprint
        assert (CITY, COUNTY, "city.example:7443") == (invitation.superior, invitation.invited, invitation.address)
        assert [NodeInvited(COUNTY, "西秀区", fingerprint)] == events(city, CITY, NodeInvited)
        assert [(fingerprint, COUNTY)] == [(row.fingerprint, row.node) for row in city.rows(schema.invitations)]
        key = invitation.to_json().split("PRIVATE KEY-----")[1]
        assert not any(key in row.content for row in city.rows(schema.invitations))

    @pytest.mark.parametrize(
        ("node", "address", "actor", "code"),
        [
            ("99", "city:7443", REACTION_ACTOR, Code.NODE_CODE_INVALID),
            (CITY, "city:7443", REACTION_ACTOR, Code.ALREADY_EXISTS),
            (COUNTY, "nowhere", REACTION_ACTOR, Code.SETTING_REFUSED),
            (COUNTY, "city:7443", Actor("a-1", "department", "520400-tax"), Code.PERMISSION_DENIED),
        ],
    )
    def test_what_cannot_be_invited(self, city: Place, node: str, address: str, actor: Actor, code: Code) -> None:
        with pytest.raises(Refusal) as caught:
            invite(city.level, city.files.authority(CITY, WALL), node, "name", address, actor)

        assert code == caught.value.code
        assert [] == city.rows(schema.invitations)


class TestJoin:
    """Both ends know each other afterwards, and each journal says so."""

    def test_both_ends_know_each_other(self, county: Place, city: Place) -> None:
        joined = join(county.level, county.files, invited(city), Asked(city, invited(city)))

        above, below = county.link(CITY), city.link(COUNTY)
        credentials = Credentials.read(county.files.uplink)
        assert Joined((CITY,), (f"node {CITY}",)) == joined
        assert ("superior", "city.example:7443", "active") == (above.side, above.address, above.status)
        assert ("subordinate", "西秀区", node_of(credentials.certificate).fingerprint) == (below.side, below.name, below.fingerprint)
        assert [SuperiorJoined((CITY,), (f"node {CITY}",))] == events(county, COUNTY, SuperiorJoined)[:1]
        assert [NodeAdmitted(COUNTY, "西秀区", below.fingerprint)] == events(city, CITY, NodeAdmitted)
        with county.level.store.read() as view:
            assert (CITY,) == view.head.line
        with city.level.store.read() as view:
            assert COUNTY == Trust(lambda: WALL).identify(view, Context(credentials).auth_context()).node
            assert (COUNTY, 1, 0) in {(one.node, one.epoch, one.size) for one in view.journal.positions()}
        assert not county.files.pending.exists()

    def test_joining_again_ends_the_wait_for_what_was_refused(self, county: Place, city: Place) -> None:
        """A certificate that ended: a node that is restarted with the new one greets at once."""
        join(county.level, county.files, invited(city), Asked(city, invited(city)))
        refused = {"status": "stopped", "last_error": "UNAUTHENTICATED", "attempts": 3, "next_attempt_at": 1}
        county.level.writer.command(lambda work: work.connection.execute(update(schema.links).values(**refused)))

        anew = invited(city)
        join(county.level, county.files, anew, Asked(city, anew))

        row = county.link(CITY)
        assert ("active", "", 0, None) == (row.status, row.last_error, row.attempts, row.next_attempt_at)

    def test_a_lost_answer_costs_nothing(self, county: Place, city: Place) -> None:
        """The same key again is the same enrolment: the same certificate, no second entry."""
        invitation = invited(city)
        asked = Asked(city, invitation)
        asked.loses_answer = True
        with pytest.raises(Refusal):
            join(county.level, county.files, invitation, asked)
        asked.loses_answer = False

        join(county.level, county.files, invitation, asked)

        first, second = asked.answers
        assert first.certificates == second.certificates
        assert 1 == len(events(city, CITY, NodeAdmitted))
        assert 1 == len([row for row in county.rows(schema.links)])

    def test_joining_twice_is_joining_once(self, county: Place, city: Place) -> None:
        invitation = invited(city)
        asked = Asked(city, invitation)
        join(county.level, county.files, invitation, asked)
        before = county.contents(COUNTY)

        county.files.pending.write_bytes(_key_of(county))
        county.files.pending.chmod(0o600)
        join(county.level, county.files, invitation, asked)

        assert before == county.contents(COUNTY)

    def test_an_invitation_serves_one_key(self, county: Place, city: Place, tmp_path: Path) -> None:
        invitation = invited(city)
        join(county.level, county.files, invitation, Asked(city, invitation))
        thief = make_place(tmp_path / "thief", COUNTY)

        with pytest.raises(Refusal) as caught:
            join(thief.level, thief.files, invitation, Asked(city, invitation))

        assert Code.INVITATION_USED == caught.value.code
        assert 1 == len(events(city, CITY, NodeAdmitted))

    def test_an_invitation_that_the_superior_does_not_know(self, county: Place, city: Place) -> None:
        stranger, _ = invitations.invite(city.files.authority(CITY, WALL), CITY, COUNTY, "city:7443", WALL)

        with pytest.raises(Refusal) as caught:
            join(county.level, county.files, stranger, Asked(city, stranger))

        assert Code.INVITATION_UNKNOWN == caught.value.code

    @pytest.mark.parametrize(("request_pem", "code"), [(b"no request", Code.REQUEST_MALFORMED), (b"", Code.REQUEST_MALFORMED)])
    def test_a_malformed_request(self, city: Place, request_pem: bytes, code: Code) -> None:
        with pytest.raises(Refusal) as caught:
            Asked(city, invited(city))(enrolment_pb2.EnrolRequest(certificate_request=request_pem))

        assert code == caught.value.code

    @pytest.mark.parametrize(("status", "code"), [("suspended", Code.NODE_SUSPENDED), ("revoked", Code.NODE_REVOKED)])
    def test_an_old_invitation_does_not_undo_a_suspension(self, county: Place, city: Place, status: str, code: Code) -> None:
        spare = invited(city)
        enrol(county, city)
        city.hands.act("operator", SetNodeStatus(COUNTY, status))

        with pytest.raises(Refusal) as caught:
            join(county.level, county.files, spare, Asked(city, spare))

        assert code == caught.value.code
        assert [status] == [row.status for row in city.rows(schema.nodes) if row.code == COUNTY]

    def test_a_rehearsal_does_not_mix_with_the_real_thing(self, county: Place, city: Place) -> None:
        with city.level.store.database.write() as connection:
            connection.execute(schema.heads.update().values(is_rehearsal=False))
        invitation = invited(city)

        with pytest.raises(Refusal) as caught:
            join(county.level, county.files, invitation, Asked(city, invitation))

        assert Code.REHEARSAL_MISMATCH == caught.value.code
        assert [] == events(city, CITY, NodeAdmitted)


class TestKeys:
    """A superior opens what was written before it was known, once the month keys are wrapped for it."""

    def test_what_was_sealed_before_joining_is_opened_above(self, county: Place, city: Place) -> None:
        number = county.register(appeal="灌溉水渠堵塞")
        enrol(county, city)
        connect(county, city)
        settle(county, city)

        assert "灌溉水渠堵塞" == _appeal(city, number)

    def test_a_superior_that_is_joined_later_is_heard_of_by_hello(self, tmp_path: Path, county: Place, city: Place) -> None:
        """The city joins the province afterwards: the county learns the line and the key, and wraps for it."""
        province = make_place(tmp_path, PROVINCE, "guizhou")
        number = county.register(appeal="灌溉水渠堵塞")
        enrol(county, city)
        connect(county, city)
        settle(county, city)
        enrol(city, province)
        connect(city, province)
        settle(county, city, province, seconds=51)

        with county.level.store.read() as view:
            assert (CITY, PROVINCE) == view.head.line
        assert "灌溉水渠堵塞" == _appeal(province, number)

    def test_month_keys_are_wrapped_once(self, county: Place, city: Place) -> None:
        """Another greeting, another session: no further entry."""
        county.register()
        enrol(county, city)
        for _ in range(3):
            connect(county, city)
            settle(county, city, seconds=51)

        assert 2 == kinds(county, COUNTY).count("SuperiorJoined"), "one for the place, one beside which the keys ride"

    def test_a_crash_between_place_and_keys_is_made_good_by_the_next_session(self, county: Place, city: Place) -> None:
        number = county.register(appeal="灌溉水渠堵塞")
        enrol(county, city)
        with county.level.store.database.write() as connection:
            table = schema.wrapped_keys
            connection.execute(delete(table).where(table.c.recipient == f"{CITY}/node"))
        connect(county, city)
        settle(county, city)

        assert "灌溉水渠堵塞" == _appeal(city, number)

    def test_a_disk_that_fills_between_place_and_keys_does_not_undo_the_joining(self, county: Place, city: Place) -> None:
        """The certificate is in force at once, so the link runs; what was sealed before is opened above as soon as there is room."""
        number = county.register(appeal="灌溉水渠堵塞")
        with full_behind(county, 1):
            enrol(county, city)
            assert (True, False) == (county.files.uplink.exists(), county.files.pending.exists())
            connect(county, city)
            settle(county, city)
        assert [(CITY,)] == [one.line for one in events(county, COUNTY, SuperiorJoined)]  # type: ignore[attr-defined]

        settle(county, city, seconds=51)

        assert "running" == county.status()
        assert "灌溉水渠堵塞" == _appeal(city, number)

    def test_a_disk_that_fills_as_a_higher_level_is_heard_of_lets_the_keys_follow(self, tmp_path: Path, county: Place, city: Place) -> None:
        """The line is no news at the next greeting, and the session has wrapped keys before: it does it all the same."""
        province = make_place(tmp_path, PROVINCE, "guizhou")
        number = county.register(appeal="灌溉水渠堵塞")
        enrol(county, city)
        connect(county, city)
        settle(county, city)
        enrol(city, province)
        connect(city, province)
        with full_behind(county, 1):
            settle(county, city, province, seconds=51)
            with county.level.store.read() as view:
                assert (CITY, PROVINCE) == view.head.line

        settle(county, city, province, seconds=51)

        assert "灌溉水渠堵塞" == _appeal(province, number)

    def test_nobody_speaks_for_the_keys_of_others(self) -> None:
        said = [("520402/node", 32), ("520402/desk", 31), ("520424/node", 32), ("520402/thief", 32), ("520402", 32)]
        keys = [enrolment_pb2.EnrolRequest().payload_keys.add(recipient=name, public_key=b"k" * length) for name, length in said]

        assert {"520402/node": b"k" * 32} == payload_keys_from_pb(keys, ["520402"])


class TestRenew:
    """A new key while the old certificate is still good; a lost answer leaves the old one in force."""

    def test_old_and_new_are_good_until_the_next_renewal(self, county: Place, city: Place) -> None:
        enrol(county, city)
        old = Credentials.read(county.files.uplink)
        new = _renewed(county, city, old)
        newest = _renewed(county, city, new)

        assert [True, True, False] == [_is_let_in(city, one) for one in (newest, new, old)]


def _renewed(county: Place, city: Place, shown: Credentials) -> Credentials:
    key = county.files.pending_key()
    request = enrolment_pb2.RenewRequest(certificate_request=make_request(COUNTY, key))
    answer = city.enrolment().Renew(request, Context(shown))  # type: ignore[arg-type]
    renewed = Credentials.from_chain(answer.certificates, key)
    county.files.keep_uplink(renewed)
    return renewed


def _is_let_in(city: Place, credentials: Credentials) -> bool:
    with city.level.store.read() as view:
        try:
            Trust(lambda: WALL).identify(view, Context(credentials).auth_context())
        except Refusal:
            return False
    return True


def _key_of(county: Place) -> bytes:
    pem = county.files.uplink.read_bytes()
    return pem[: pem.index(b"-----BEGIN CERTIFICATE")]


def _appeal(place: Place, number: str) -> str:
    """The appeal's text, opened with the keys that this level has."""
    with place.level.store.read() as view:
        ticket = view.readings.ticket(number)
        assert ticket is not None
        appeal = ticket.intake.appeal
        assert appeal is not None and not isinstance(appeal, Text) and appeal.kind is PayloadKind.TEXT
        return view.payloads.open(ticket.subject, appeal)
