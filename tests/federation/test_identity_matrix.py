"""
TLS and identity, 24 cases (FEDERATION 5, T18): what a new connection meets, what one that stands meets, what the alarm says.

One city with a real port; a county for each case.  A connection that was made while all was well is opened first, then the
case comes about.  ``UNAVAILABLE`` is what gRPC says where the port hangs up in the handshake (0.1 E8); "never" means that no
such connection ever stood.  However it went, no connection lives longer than ``connection_age_seconds``.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from federation import invitation as invitations
from federation.certificates import (
    Authority,
    Credentials,
    certificate_to_pem,
    issue,
    issue_bootstrap,
    key_to_pem,
    make_request,
    new_key,
    server_name,
)
from federation.channel import probe_identity, secure_channel
from federation.client import Superior, failure_of
from federation.enrolment import REACTION_ACTOR, invite, join
from federation.invitation import Invitation
from federation.link import Lane
from federation.renewal import renew_uplink
from federation.retry import REHEARSAL
from federation.server import Server
from federation.session import session_of
from federation.v1 import enrolment_pb2, enrolment_pb2_grpc, link_pb2, link_pb2_grpc
from node.cli.console import coded_words
from node.domain.refusal import Refusal
from node.domain.registry import SetNodeStatus
from node.services.situations import situations
from node.services.status import link_lines
from node.storage.keyring import write_private
from node.storage.sealing import CodedError
from node.texts.catalogue import LANGS, text
from tests.federation.identities import (
    STRANGER,
    Watched,
    answer_in_the_clear,
    certified,
    listening,
    self_signed,
    speak_tls_1_1,
    spoken,
    uri,
)
from tests.federation.levels import Context, Place, Steady, enrol, make_place, until
from tests.federation.situations import CITY, alarms, heartbeat_seconds

SISTER = "520424"
connection_age_seconds = 12.0
# A machine that is busy with other things sees the end of a connection later than it comes.
late_seconds = 5.0
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")

taken = "taken"
unavailable = "UNAVAILABLE"
never = "never"
certificate_begins = b"-----BEGIN CERTIFICATE-----"


@dataclass
class Stage:
    """One case: a county that knows nothing of the others, and the city's port."""

    case: "Case"
    city: Place
    county: Place
    port: Server
    address: str = ""
    county_wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    invited: Invitation | None = None
    stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.address = self.address or f"127.0.0.1:{self.port.port}"

    @property
    def code(self) -> str:
        return self.county.code

    @property
    def authority(self) -> Authority:
        return self.city.files.authority(CITY, now())

    def shown(self) -> Credentials:
        """What the county has in its file."""
        return Credentials.read(self.county.files.uplink)

    def put(self, credentials: Credentials) -> None:
        """Give the county other credentials; what they are worth is the case."""
        self.county.files.uplink.unlink()
        credentials.write(self.county.files.uplink)

    def set_status(self, status: str) -> None:
        self.city.hands.act("operator", SetNodeStatus(self.code, status))

    def renew(self) -> None:
        def call(request: enrolment_pb2.RenewRequest) -> enrolment_pb2.RenewResponse:
            return self.city.enrolment().Renew(request, Context(self.shown()))  # type: ignore[arg-type]

        renew_uplink(self.county.level, self.county.files, self.code, CITY, call)


def now() -> datetime:
    return datetime.now(UTC)


# --- the cases --------------------------------------------------------------------------------------------------------

Arrange = Callable[[Stage], object]


@dataclass(frozen=True)
class Case:
    """
    One row: ``turn`` makes it come about, ``new`` and ``standing`` are what a call on either connection is answered with, ``alarm``
    is the situation's code, or for an invitation the code of what `qyzj join` says.

    ``from_the_start``: the connection that stands is made with what the case shows; else before it came about.
    """

    name: str
    turn: Arrange
    new: str
    standing: str
    alarm: str
    from_the_start: bool = False

    @property
    def is_invitation(self) -> bool:
        """It is about joining, before there is a link."""
        return self.name.startswith("token")


def _put(make: Callable[[Stage], Credentials]) -> Arrange:
    return lambda stage: stage.put(make(stage))


def _issued(stage: Stage, node: str = "", *, days: float = 0, server: bool = False, by: Authority | None = None) -> Credentials:
    key, by = new_key(), by or stage.authority
    certificate = issue(by, key.public_key(), node or stage.code, now() + timedelta(days=days), server=server)
    return Credentials(certificate, key, stage.authority.certificate)


def _self_signed(stage: Stage) -> Credentials:
    key = new_key()
    certificate = self_signed(uri(f"spiffe://qyzj/node/{stage.code}"), now=now(), key=key)
    return Credentials(certificate, key, stage.authority.certificate)


def _named(*names: str) -> Arrange:
    return _put(lambda stage: certified(stage.authority, [uri(name.format(stage.code)) for name in names], now(), new_key(), stage.code))


def _expired(stage: Stage) -> None:
    stage.put(_issued(stage, days=-500))
    stage.stack.enter_context(_city_later(stage.city, days=400))


def _replaced(stage: Stage) -> None:
    former = stage.shown()
    stage.renew()
    stage.renew()
    stage.put(former)


def _authority_first(stage: Stage) -> None:
    own = stage.shown()
    pem = key_to_pem(own.key) + certificate_to_pem(own.authority) + certificate_to_pem(own.certificate)
    write_private(stage.county.files.uplink, pem, replace=True)


def _skewed(stage: Stage) -> None:
    stage.county_wall = lambda: now() - timedelta(days=2)


def _behind_tls_1_1(stage: Stage) -> None:
    stage.city.files.server(CITY, now()).write(shown := stage.county.hands.node.data_dir / "server.pem")
    stage.address = stage.stack.enter_context(listening(speak_tls_1_1(shown), None))


def _behind_a_portal(stage: Stage) -> None:
    stage.address = stage.stack.enter_context(listening(answer_in_the_clear, None))


def _impostor(stage: Stage) -> None:
    server = Server(stage.county.level, _issued(stage, SISTER, server=True), stage.county.enrolment(), "127.0.0.1:0", 4)
    server.start()
    stage.stack.callback(server.stop)
    stage.address = f"127.0.0.1:{server.port}"


def _used(stage: Stage) -> None:
    """The invitation served the county; who has a copy of it comes with a key of his own."""
    assert stage.invited is not None
    join(stage.county.level, stage.county.files, stage.invited)
    stage.county.files.pending_key()


def _out_of_time(stage: Stage) -> None:
    stage.invited = Invitation(stage.address, CITY, stage.code, issue_bootstrap(stage.authority, stage.code, now() - timedelta(hours=80)))
    stage.stack.enter_context(_city_later(stage.city, days=3.1))


def _for_another(stage: Stage) -> None:
    assert stage.invited is not None
    stage.invited = Invitation(stage.address, CITY, SISTER, issue_bootstrap(stage.authority, SISTER, now()))


def _of_another_key(stage: Stage) -> None:
    """The certificate was copied, its key was not."""
    assert stage.invited is not None
    own = stage.invited.bootstrap
    stage.invited = Invitation(stage.address, CITY, stage.code, Credentials(own.certificate, new_key(), own.authority))


CASES = (
    #    case, how it comes about, a new connection, one that stands, the alarm
    Case("expired", _expired, unavailable, "CERTIFICATE_EXPIRED", "identity"),
    Case("not yet valid", _put(lambda stage: _issued(stage, days=2)), unavailable, never, "identity", True),
    Case("revoked", lambda stage: stage.set_status("revoked"), "NODE_REVOKED", "NODE_REVOKED", "revoked"),
    Case("suspended", lambda stage: stage.set_status("suspended"), "NODE_SUSPENDED", "NODE_SUSPENDED", "suspended"),
    Case("replaced", _replaced, "CERTIFICATE_REPLACED", "CERTIFICATE_REPLACED", "unregistered"),
    Case("other authority of the same name", _put(lambda stage: _issued(stage, by=STRANGER)), unavailable, never, "identity", True),
    Case("self-signed", _put(_self_signed), unavailable, never, "identity", True),
    Case("no certificate", lambda stage: stage.county.files.uplink.unlink(), unavailable, never, "identity", True),
    Case("a server's certificate", _put(lambda stage: _issued(stage, server=True)), unavailable, never, "identity", True),
    Case("common name only", _named(), "CERTIFICATE_NAMELESS", "CERTIFICATE_NAMELESS", "identity", True),
    Case("two names", _named("spiffe://qyzj/node/{}", f"spiffe://qyzj/node/{SISTER}"),
         "CERTIFICATE_NAMES_MANY", "CERTIFICATE_NAMES_MANY", "identity", True),
    Case("another county's name", _put(lambda stage: _issued(stage, SISTER)),
         "CERTIFICATE_REPLACED", "CERTIFICATE_REPLACED", "identity", True),
    Case("county as city", _put(lambda stage: _issued(stage, CITY)), "NODE_NOT_REGISTERED", "NODE_NOT_REGISTERED", "identity", True),
    Case("renewed key", lambda stage: stage.renew(), taken, taken, ""),
    Case("the authority's certificate first", _authority_first, unavailable, never, "identity", True),
    Case("the county's clock two days behind", _skewed, taken, taken, "identity"),
    Case("TLS 1.1", _behind_tls_1_1, unavailable, never, "identity", True),
    Case("in the clear", _behind_a_portal, unavailable, never, "identity", True),
    Case("another node at the city's address", _impostor, unavailable, never, "identity", True),
    Case("an invitation in a node's place", _put(lambda stage: issue_bootstrap(stage.authority, stage.code, now())),
         "BOOTSTRAP_ONLY_ENROLS", "BOOTSTRAP_ONLY_ENROLS", "identity", True),
    Case("token reused", _used, "INVITATION_USED", "INVITATION_USED", "INVITATION_USED"),
    Case("token expired", _out_of_time, unavailable, "CERTIFICATE_EXPIRED", "INVITATION_EXPIRED"),
    Case("token of another node", _for_another, "REQUEST_MALFORMED", "REQUEST_MALFORMED", "INVITATION_OTHER_NODE", True),
    Case("token of another key", _of_another_key, unavailable, never, "INVITATION_BROKEN", True),
)  # fmt: skip


@dataclass
class Seen:
    """What became of one case."""

    new: str
    standing: str
    lived_seconds: float | None
    alarm: dict[str, str] | str
    sentences: list[str]
    is_journal_whole: bool
    leaked: bool


def ids(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", CASES, ids=ids)
class TestMatrix:
    """Who is not who he should be is refused, whichever way he comes, and a person hears that it is identity."""

    def test_a_new_connection(self, case: Case, matrix: dict[str, Seen]) -> None:
        """Taken only where it is right."""
        assert case.new == matrix[case.name].new

    def test_a_connection_that_stands(self, case: Case, matrix: dict[str, Seen]) -> None:
        """Judged anew on the next call, and ended at the age at the latest."""
        seen = matrix[case.name]

        assert case.standing == seen.standing
        if case.standing == never:
            assert seen.lived_seconds is None
        else:
            assert seen.lived_seconds is not None and seen.lived_seconds < connection_age_seconds + late_seconds

    def test_the_alarm(self, case: Case, matrix: dict[str, Seen]) -> None:
        """It says identity and not network, in both languages; the county writes on meanwhile, and loses nothing."""
        seen = matrix[case.name]

        if case.alarm.isupper():
            assert case.alarm == seen.alarm
            assert not any(word in sentence for word in ("网络", "outage", "network") for sentence in seen.sentences)
        else:
            assert ({case.alarm: "red"} if case.alarm else {}) == seen.alarm
            kept = [sentence for sentence in seen.sentences if "身份问题" in sentence and "并非网络中断" in sentence]
            assert bool(case.alarm) == bool(kept) == any("Identity problem" in one and "no outage" in one for one in seen.sentences)
        assert seen.is_journal_whole
        assert (case.alarm == "") == seen.leaked


def test_it_is_24_cases() -> None:
    assert 24 == len(CASES) == len({case.name for case in CASES})


def test_the_port_speaks_nothing_older_than_tls_1_2(tmp_path: Path) -> None:
    """Even with the right certificate; 1.3 is what is spoken, and nothing in the clear."""
    city = make_place(tmp_path, CITY, "anshun-2025")
    server = _port(city)
    key, authority = new_key(), city.files.authority(CITY, now())
    Credentials(issue(authority, key.public_key(), "520402", now(), server=False), key, authority.certificate).write(
        own := tmp_path / "own.pem"
    )
    address = f"127.0.0.1:{server.port}"
    try:
        newest = [spoken(address, own, one, authority.certificate, CITY) for one in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2)]
        assert ["TLSv1.3", "TLSv1.2"] == newest
        # gRPC hangs up without an alert; had OpenSSL refused on its own, it would be another error.
        with pytest.raises(ssl.SSLEOFError):
            spoken(address, own, ssl.TLSVersion.TLSv1_1, authority.certificate, CITY)
        with grpc.insecure_channel(address, [("grpc.enable_retries", 0)]) as plain:
            assert unavailable == _answer(lambda: link_pb2_grpc.LinkServiceStub(plain).Reconcile(link_pb2.ReconcileRequest(), timeout=10))
    finally:
        server.stop()


# --- how it is played -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Seen]]:
    """All cases side by side, since each waits for the end of its connection."""
    directory = tmp_path_factory.mktemp("matrix")
    city = make_place(directory, CITY, "anshun-2025", wall=(wall := Steady(now())))
    object.__setattr__(city, "steady", wall)
    city.files.authority(CITY, now() - timedelta(days=1000))
    enrol(make_place(directory, SISTER, wall=wall), city)
    port = _port(city)
    try:
        yield _play([_stage(directory, case, city, port, f"520402-m{number}") for number, case in enumerate(CASES)])
    finally:
        port.stop()


def _port(city: Place) -> Server:
    server = Server(city.level, city.files.server(CITY, now()), city.enrolment(), "127.0.0.1:0", 40, connection_age_seconds)
    server.start()
    return server


def _stage(directory: Path, case: Case, city: Place, port: Server, code: str) -> Stage:
    # The clock of the fixture: the one of the module was read when it was imported, which in a whole run is many minutes ago.
    stage = Stage(case, city, make_place(directory, code, wall=Steady(city.steady.now)), port)
    if case.is_invitation:
        stage.invited = invite(city.level, stage.authority, code, code, stage.address, REACTION_ACTOR)
    else:
        enrol(stage.county, city)
    return stage


def _play(stages: list[Stage]) -> dict[str, Seen]:
    standing: dict[str, Watched] = {}
    seen: dict[str, Seen] = {}
    for stage in stages:
        if not stage.case.from_the_start:
            standing[stage.case.name] = watched = Watched(_channel(stage), time.monotonic)
            _call(watched.channel, stage)
            until(lambda watched=watched: watched.stood)  # type: ignore[misc]
    for stage in stages:
        with stage.stack:
            stage.case.turn(stage)
            watched = standing.setdefault(stage.case.name, Watched(_channel(stage), time.monotonic))
            on_it = _call(watched.channel, stage)
            with _channel(stage) as channel:
                seen[stage.case.name] = _heard(stage, _call(channel, stage), never if on_it == unavailable else on_it)
    for name, watched in standing.items():
        if seen[name].standing != never:
            until(lambda watched=watched: watched.lived_seconds is not None)  # type: ignore[misc]
        seen[name].lived_seconds = watched.lived_seconds
        watched.channel.close()
    return seen


def _channel(stage: Stage) -> grpc.Channel:
    """A channel as somebody opens it who does not look at his own certificate first."""
    if stage.invited is not None:
        return secure_channel(stage.address, stage.invited.bootstrap, CITY)
    trusted, options = certificate_to_pem(stage.authority.certificate), [("grpc.ssl_target_name_override", server_name(CITY))]
    if not stage.county.files.uplink.exists():
        return grpc.secure_channel(stage.address, grpc.ssl_channel_credentials(trusted), options)
    key, *certificates = stage.county.files.uplink.read_bytes().split(certificate_begins)
    shown = certificate_begins + certificate_begins.join(certificates if stage.case.turn is _authority_first else certificates[:1])
    return grpc.secure_channel(stage.address, grpc.ssl_channel_credentials(trusted, key, shown), options)


def _call(channel: grpc.Channel, stage: Stage) -> str:
    if stage.invited is None:
        return _answer(lambda: link_pb2_grpc.LinkServiceStub(channel).Reconcile(link_pb2.ReconcileRequest(), timeout=10))
    asked, signer = stage.code, new_key()
    request = enrolment_pb2.EnrolRequest(certificate_request=make_request(asked, signer), rehearsal=True)
    return _answer(lambda: enrolment_pb2_grpc.EnrolmentServiceStub(channel).Enrol(request, timeout=10))


def _answer(call: Callable[[], object]) -> str:
    """What a call comes to: taken, the fault or the refusal that the port names, or the bare status."""
    try:
        call()
    except grpc.RpcError as error:
        failure = failure_of(error)
        return failure.status if failure.refusal is None else failure.refusal.facts.get("fault", failure.refusal.code.name)
    return taken


def _heard(stage: Stage, new: str, standing: str) -> Seen:
    """What the county's own program makes of it, and whether anything of the journal is lost or got out."""
    county = stage.county
    before = county.contents(stage.code)
    county.register()
    alarm, sentences = _on_joining(stage) if stage.invited is not None else _on_status(stage)
    after = county.contents(stage.code)
    return Seen(new, standing, None, alarm, sentences, before == after[: len(before)] != after, bool(stage.city.contents(stage.code)))


def _on_status(stage: Stage) -> tuple[dict[str, str], list[str]]:
    county = stage.county
    ends = {
        lane: Superior(stage.address, county.files.uplink, stage.code, CITY, lambda: stage.county_wall(), probe_identity) for lane in Lane
    }
    every = timedelta(seconds=50)
    session = session_of(
        county.level, CITY, ends, b"0123456789abcdef", pace=REHEARSAL, hello_every=every, now=county.steady, sleep=lambda _seconds: None
    )
    for _ in range(4):
        while session.step(Lane.UP):
            pass
        county.steady.later(2)
    session.close()
    with county.level.store.read() as view:
        found = situations(view, link_lines(view, county.level.wall(), heartbeat_seconds), county.hands.now)
    facts = {"node": "", "error": ""}
    return alarms(county, wall=county.level.wall()), [
        text(f"situation.{one.code}", lang, **{**facts, **one.facts, "peer": one.peer}) for one in found for lang in LANGS
    ]


def _on_joining(stage: Stage) -> tuple[str, list[str]]:
    """What `qyzj join` says."""
    assert stage.invited is not None
    try:
        invited = invitations.from_json(stage.invited.to_json().encode(), stage.code, now())
        join(stage.county.level, stage.county.files, invited)
    except CodedError as error:
        return error.code, [" ".join(coded_words(error.code, lang, **error.facts)) for lang in LANGS]
    except Refusal as refusal:
        return refusal.code.name, [" ".join(coded_words(refusal.code.name, lang, **refusal.facts)) for lang in LANGS]
    return taken, []


@contextmanager
def _city_later(city: Place, *, days: float) -> Iterator[None]:
    """By the city's clock so much later, for as long as the block lasts."""
    city.steady.now += timedelta(days=days)
    yield
    city.steady.now -= timedelta(days=days)
