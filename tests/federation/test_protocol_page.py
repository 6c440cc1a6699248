"""PROTOCOL.md is what a stranger builds a node from: where a machine can check a sentence of it, it is checked here."""

import re
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from federation import admission, client, greeting, invitation, link, reconciling, reconciling_down, retry
from federation.certificates import bootstrap_life_hours, certificate_life_months, server_name
from federation.codec import boot_id_length_bytes
from federation.retry import Failure
from federation.serving import hello_apart_seconds
from federation.v1 import enrolment_pb2, link_pb2
from node.domain.entry import Subject
from node.domain.events import EVENTS
from node.domain.merkle import leaf_hash, root_of
from node.domain.payload import PayloadKind
from node.domain.refusal import Code, Refusal
from node.domain.registry import EpochStarted
from node.services import reconcile, situations
from node.storage import sealing
from node.storage.codec import decode_content, encode_event, entry_bytes_max, number_max, sequence_max
from node.storage.payloads import _grant_info, payload_bytes_max
from node.v1 import entry_pb2
from tests.support.tree import ROOT

PAGE = (ROOT / "federation" / "PROTOCOL.md").read_text("utf-8")
SERVICES = (link_pb2.DESCRIPTOR.services_by_name["LinkService"], enrolment_pb2.DESCRIPTOR.services_by_name["EnrolmentService"])
RPCS = {method.name for service in SERVICES for method in service.methods}
# The modules that answer a call; what they say to this end's own people goes over no wire.
ANSWERING = (
    "trust",
    "greeting",
    "blobs",
    "mirror",
    "server",
    "codec",
    "enrolment",
    "admission",
    "reconciling",
    "reconciling_down",
    "outgoing",
    "taking_back",
    "reparenting",
)
TO_OWN_PEOPLE = {"PEER_AWAY", "PEER_IDENTITY", "ADDRESS_TAKEN", "SETTING_REFUSED", "OTHER_SUPERIOR"}
# Refusals that reach a call from below: the writer's, the handler's (it admits who enrols), the invitation's.
FROM_BELOW = {
    *("BUSY", "STORAGE_FULL", "NODE_HELD", "CLOCK_BEHIND", "REPARENTING_OPEN", "BLOB_MISSING"),
    *("INVITATION_UNKNOWN", "INVITATION_USED", "INVITATION_EXPIRED", "REQUEST_MALFORMED"),
}
LIMITS = {
    "entries in a batch, `Push`, `Pull`, `Fetch` and `GiveBack`": (link.batch_entries_max,),
    "bytes in a batch": (link.batch_bytes_max,),
    "bytes of one content": (entry_bytes_max,),
    "largest epoch, version, custody number, limit of a clock": (number_max,),
    "largest `seq`, size": (sequence_max,),
    "bytes of one sealed payload": (payload_bytes_max,),
    "bytes of an invitation": (invitation.invitation_bytes_max,),
    "length of a boot id, bytes": (boot_id_length_bytes,),
    "former boot ids that are remembered": (greeting.former_boot_ids_max,),
    "seconds between two `Hello`": (int(hello_apart_seconds),),
    "milliseconds that a `Pull` waits": (link.pull_wait_ms,),
    "ranges in a `Reconcile`": (reconciling.ranges_max,),
    "entries in a `Reconcile`": (reconciling.entries_max,),
    "numbers of a down stream in a `Reconcile`": (reconciling_down.places_max,),
    "places that a conclusion names": (reconcile.named_max,),
    "batches that a superior takes at once; more are `BUSY`": (admission.batches_max,),
    "`retry_after_ms` of `BUSY`, least and most": (admission.retry_after_least_ms, admission.retry_after_most_ms),
    "back-off in seconds, least and longest": (int(retry.USUAL.base_seconds), int(retry.USUAL.longest_seconds)),
    "probe in seconds": (int(retry.USUAL.probe_seconds),),
    "hours of an invitation": (bootstrap_life_hours,),
    "months of a certificate": (certificate_life_months,),
    "clock difference in seconds that is told, that holds": (situations.skew_seconds_told, situations.skew_seconds_max),
}


def rows(section: str) -> list[list[str]]:
    """The cells of every table row below the heading *section*, without head and ruler."""
    body = re.search(rf"^##+ {re.escape(section)}.*?$(.+?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert body, section
    found = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in body[1].splitlines() if line.startswith("|")]
    return [cells for cells in found if not set("".join(cells)) <= set("-| ")]


def vectors(name: str) -> dict[str, bytes]:
    """The vectors of one block."""
    block = re.search(rf"^```vector {name}\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert block, name
    found = (re.fullmatch(r"(.+?)\s+([0-9a-f]+)", line) for line in block[1].strip().splitlines())
    return {line[1]: bytes.fromhex(line[2]) for line in found if line}


def named(text: str = PAGE) -> set[str]:
    """What stands between back-quotes."""
    return set(re.findall(r"`([^`\n]+)`", text))


def counted(first: int, length: int = 32) -> bytes:
    return bytes(range(first, first + length))


class TestCalls:
    def test_every_rpc_has_its_deadline(self) -> None:
        """As the proto says it, and for those that are called here as the client sets it."""
        told = {
            name: float(seconds)
            for call, seconds, *_ in rows("4. The channel")
            for name, seconds in zip(re.findall("`([A-Za-z]+)`", call), seconds.split(","), strict=False)
            if name in RPCS
        }
        proto = "".join((ROOT / "proto" / "federation" / "v1" / name).read_text("utf-8") for name in ("link.proto", "enrolment.proto"))
        said = re.findall(r"Deadline (\d+) s\.(?:(?!rpc ).)*?rpc (\w+)\(", proto, re.DOTALL)

        assert RPCS == set(told)
        assert {name: float(seconds) for seconds, name in said} == told
        assert told["Hello"] == client.hello_deadline_seconds
        assert told["Push"] == client.push_deadline_seconds
        assert told["Pull"] == client.pull_deadline_seconds
        assert {told["Fetch"], told["Reconcile"], told["GiveBack"]} == {client.fetch_deadline_seconds}
        assert {told["PutBlob"], told["GetBlob"]} == {client.blob_deadline_seconds}
        assert {told["Enrol"], told["Renew"]} == {client.enrol_deadline_seconds}

    @pytest.mark.parametrize(
        "message",
        [
            link_pb2.HelloRequest,
            link_pb2.HelloResponse,
            link_pb2.PullRequest,
            link_pb2.PullResponse,
            link_pb2.GiveBackRequest,
            link_pb2.GiveBackResponse,
            link_pb2.ReconcileRequest,
            link_pb2.ReconcileResponse,
            enrolment_pb2.EnrolRequest,
            enrolment_pb2.EnrolResponse,
            entry_pb2.EntryContent,
            entry_pb2.Custody,
            entry_pb2.WrappedKey,
        ],
    )
    def test_every_field_is_told(self, message: type) -> None:
        fields = {field.name for field in message.DESCRIPTOR.fields}  # type: ignore[attr-defined]

        assert set() == fields - named() - {"protocol"}

    def test_features_and_protocol_are_those_of_the_program(self) -> None:
        assert "Today: " + ", ".join(f"`{one}`" for one in greeting.FEATURES) + "." in " ".join(PAGE.split())
        assert f"| `protocol_min`, `protocol_max` | {greeting.protocol_min}, {greeting.protocol_max} today" in PAGE

    def test_names_in_certificates_are_those_of_the_program(self) -> None:
        assert f"DNS `{server_name('520402').replace('520402', '<code>')}`" in PAGE


class TestRefusals:
    def test_every_refusal_of_the_wire_is_there_with_its_status(self) -> None:
        """What the answering modules raise, neither more nor less; the status is the code's."""
        answered = {code for module in ANSWERING for code in re.findall(r"Code\.([A-Z_]+)\b", source(module))}
        due = {code for code in answered if code in Code.__members__} - TO_OWN_PEOPLE | FROM_BELOW

        told = {cells[0].strip("`"): cells[1] for cells in rows("9.1") if cells[0] != "code"}

        assert {code: Code[code].status for code in due} == told

    def test_every_refusal_that_the_proto_names_is_there(self) -> None:
        text = "".join((ROOT / "proto" / "federation" / "v1" / name).read_text("utf-8") for name in ("link.proto", "enrolment.proto"))
        told = {cells[0].strip("`") for cells in rows("9.1")}

        assert set() == set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", text)) & set(Code.__members__) - told - {
            "PERMISSION_DENIED",
            "ALREADY_EXISTS",
        }

    @pytest.mark.parametrize(
        ("rpc", "codes"),
        [
            ("Hello", {"STALE_EPOCH", "SUPERIOR_FENCED", "CLONE_SUSPECTED", "BUSY"}),
            ("Push", {"FORK", "STALE_EPOCH", "HANDED_OVER", "SUPERIOR_FENCED", "BUSY", "STORAGE_FULL"}),
            ("Pull", {"NEED_HELLO", "DOWN_EPOCH", "ENTRY_DAMAGED"}),
            ("GiveBack", {"NODE_HELD", "SUPERIOR_FENCED"}),
            ("Enrol", {"STALE_EPOCH", "NODE_HELD", "CLOCK_BEHIND", "REPARENTING_OPEN", "NODE_REVOKED"}),
        ],
    )
    def test_the_proto_says_by_what_each_call_is_refused(self, rpc: str, codes: set[str]) -> None:
        text = "".join((ROOT / "proto" / "federation" / "v1" / name).read_text("utf-8") for name in ("link.proto", "enrolment.proto"))
        comment = re.search(rf"((?:^  //.*\n)+)^  rpc {rpc}\(", text, re.MULTILINE)

        assert comment and set() == codes - set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*\b", comment[1]))

    def test_faults_are_those_that_are_raised(self) -> None:
        said = re.search(r"^Faults beside `UNAUTHENTICATED`: (.+?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
        raised = set(re.findall(r'(?:IdentityError|InvitationError)\("([A-Z_]+)"', source("certificates") + source("invitation")))

        assert said and set() == named(said[1]) - raised - {"BOOTSTRAP_ONLY_ENROLS"}

    def test_who_is_to_probe_probes(self) -> None:
        """What the page tells a stranger to do every ten minutes, this program does every ten minutes."""
        now = datetime(2026, 1, 26, tzinfo=UTC)
        told, done = set(), set()
        # What is said to a call beside the lanes stops no lane.
        for name, _, what in (cells for cells in rows("9.1") if cells[0].startswith("`") and "BLOB" not in cells[0]):
            code = Code[name.strip("`")]
            decision = retry.decide(3, Failure(code.status, Refusal(code)), now, Random(1))
            told |= {code} if "every 10 minutes" in what else set()
            done |= {code} if decision.at is not None and (decision.at - now).total_seconds() == retry.USUAL.probe_seconds else set()
        # The link's machine probes for these by itself; nobody is enrolled twice by a machine.
        by_machine, by_people = {Code.STALE_EPOCH, Code.ENTRY_DAMAGED}, {Code[name] for name in FROM_BELOW if name not in ("BUSY",)}

        assert told - by_machine == done - by_people - {Code.MALFORMED_ENTRY}


class TestLimits:
    def test_each_is_the_constant(self) -> None:
        told = {cells[0]: cells[1] for cells in rows("13. Limits") if cells[0] != "limit"}

        assert {name: ", ".join(f"{value:,}" for value in values) for name, values in LIMITS.items()} == told


class TestKinds:
    def test_every_kind_that_is_named_is_an_event(self) -> None:
        """Names in the tables of what a county writes and reads, and in the chapters on custody."""
        kinds = {name for section in ("10.1", "10.2") for cells in rows(section) for name in named(cells[0])} - {"kind"}

        assert {"EscalationRequested", "DecidedAbove"} < kinds
        assert set() == kinds - set(EVENTS)

    def test_openers_open_asks_ask_and_side_entries_are_side_entries(self) -> None:
        told = {kind: cells[2] for cells in rows("10.2") for kind in named(cells[0]) & set(EVENTS)}

        assert {kind for kind, custody in told.items() if "opens" in custody} == {kind for kind in told if EVENTS[kind].opens}
        assert {kind for kind, custody in told.items() if "side entry" in custody} == {kind for kind in told if EVENTS[kind].is_side}
        asks = re.search(r"^An ask \((.+?)\.\.\.\)", PAGE, re.MULTILINE | re.DOTALL)
        assert asks
        assert all(EVENTS[kind].asks or EVENTS[kind].subject_kind.value == "order" for kind in named(asks[1]))


class TestVectors:
    def test_the_log(self) -> None:
        """Leaves, roots, and the bytes of a whole entry, by the functions that the journal uses."""
        said = vectors("log")
        contents = [said["content"], said["b"], said["c"]]
        leaves = [leaf_hash(content) for content in contents]

        assert leaves == [said[f"leaf {place}"] for place in (1, 2, 3)]
        assert [root_of(leaves[:size]) for size in range(4)] == [said[f"root {size}"] for size in range(4)]
        assert said["body"] == encode_event(EpochStarted("西秀区"), lambda _words: 0)
        read = decode_content(said["content"])
        assert (EpochStarted("西秀区"), "520402", 1) == (read.event, read.header.node, read.header.seq)

    def test_the_seal(self) -> None:
        """Each byte string that is not drawn; what is drawn opens."""
        said = vectors("seal")
        random = iter([counted(0x20), counted(0x40, 12)])
        aad = sealing.binding("ticket", "52040220260126000010", PayloadKind.TEXT)
        sealed = sealing.seal(said["plain"], counted(0), aad, lambda _count: next(random))
        info = sealing.MonthKeyName("520402", PayloadKind.TEXT, "2026-01").info("520400/node")

        assert (aad, info) == (said["aad"], said["info"])
        assert (sealed.ciphertext, sealed.blob, sealed.digest) == (said["ciphertext"], said["blob"], said["digest"])
        assert said["wrapped subject"] == sealing.wrap_subject_key(counted(0), counted(0x60))
        assert said["public"] == sealing.public_of(counted(0x80))
        assert counted(0x60) == sealing.unwrap_month_key(said["wrapped month"], counted(0x80), info)
        assert said["grant info"] == _grant_info(Subject("ticket", "52040220260126000010"), PayloadKind.TEXT, "520402")


def source(module: str) -> str:
    return (Path(link.__file__).parent / f"{module}.py").read_text("utf-8")
