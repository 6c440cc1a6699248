"""
The superior's end of its links: `LinkService` over mTLS.

Each method says who, what, hand over, answer.  Nothing is kept between calls but the positions in the database: every call
may be repeated, and a restart loses nothing.  A refusal becomes a status with ErrorInfo in one place (`Refusals`); anything
else that is raised is a bug, logged whole here, INTERNAL without details there.  Bounds: a thread for each waiting `Pull`
and each `Push`, two for each subordinate, and 16; what is too much is told to come again (BUSY).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import structlog
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status
from sqlalchemy import bindparam, update

from federation import blobs, codec, forks, greeting, outgoing, passing_on, reconciling, taking_back
from federation.admission import Admission, Returns
from federation.arriving import take_whole_or_one_by_one
from federation.certificates import Credentials, Identity
from federation.channel import PortCredentials, connection_age_seconds_most, server_options
from federation.enrolment import EnrolmentServer
from federation.level import Level
from federation.link import batch_entries_max, pull_wait_ms
from federation.mirror import Mirror, Taken
from federation.trust import Peer, Trust
from federation.v1 import enrolment_pb2, enrolment_pb2_grpc, link_pb2, link_pb2_grpc
from federation.waiting import Waiting
from node.domain.refusal import Code, Refusal
from node.services.situations import TURNED_AWAY
from node.storage import schema
from node.storage.database import micros
from node.storage.journal import Spot
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View

log = structlog.get_logger()

extra_threads = 16
stop_grace_seconds = 5.0
# A waiting `Pull` is answered so long before its caller's deadline.
answer_seconds = 2.0


_links = schema.links.c
_ACKED = Prepared(
    update(schema.links)
    .where(_links.peer == bindparam("subordinate"), _links.down_epoch == bindparam("numbering"), _links.down_acked < bindparam("size"))
    .values(down_acked=bindparam("size"))
)
_HEARD = Prepared(
    update(schema.links)
    .where(schema.links.c.peer == bindparam("peer"))
    .values(waiting=bindparam("waiting"), heard_at=bindparam("heard_at"))
)


class _NotBelow:
    """
    Places that are damaged here and that a subordinate asked for one by one, as it does of what is damaged there: until it runs anew,
    perhaps from a backup, it has them no more than this node.
    """

    def __init__(self) -> None:
        self._boots: dict[str, bytes] = {}
        self._spots: dict[str, frozenset[Spot]] = {}

    def of(self, node: str, boot_id: bytes) -> frozenset[Spot]:
        """Those of the process of *node* that greets as *boot_id*."""
        if self._boots.get(node) != boot_id:
            self._boots[node] = boot_id
            self._spots.pop(node, None)
        return self._spots.get(node, frozenset())

    def note(self, node: str, spot: Spot) -> None:
        """It asked for *spot*, and got nothing."""
        self._spots[node] = self._spots.get(node, frozenset()) | {spot}


class LinkServer(link_pb2_grpc.LinkServiceServicer):
    """`LinkService` as the superior answers it.  What is not built says so by its status, and is not among the features."""

    def __init__(self, level: Level, waiting: Waiting, trust: Trust | None = None) -> None:
        self._level = level
        self._trust = trust or Trust(level.wall)
        self._mirror = Mirror(level.now)
        self._waiting = waiting
        self._admission = Admission(level.random)
        self._returns = Returns(level.monotonic)
        self._not_below = _NotBelow()

    def Hello(self, request: link_pb2.HelloRequest, context: grpc.ServicerContext) -> link_pb2.HelloResponse:
        caller = self._trust.caller(context.auth_context())
        self._returns.enter(caller.node, context.peer())

        def greet(work: UnitOfWork) -> link_pb2.HelloResponse | Refusal:
            peer = self._trust.admit(work, caller)
            not_below = self._not_below.of(caller.node, request.boot_id)
            answer = greeting.answer(work, peer, request, self._mirror, self._level.now(), self._level.wall(), not_below)
            if isinstance(answer, link_pb2.HelloResponse) and not answer.credit:
                forks.tell_above(work, peer.node, self._level.now())
            return answer

        try:
            answer = self._level.writer.command(greet)
        except Refusal as refusal:
            if refusal.code.name in TURNED_AWAY:
                self._note_turned_away(caller.node, refusal.code)
            raise
        if isinstance(answer, Refusal):
            raise answer  # what it is about was written down first
        return answer

    def _note_turned_away(self, node: str, code: Code) -> None:
        """Write down why *node* was refused, so that people here do not take it for an outage; its next greeting that is taken ends it."""

        def note(work: UnitOfWork) -> None:
            its = (_links.peer == node, _links.side == "subordinate", _links.last_error != code.name)
            work.connection.execute(update(schema.links).where(*its).values(last_error=code.name))

        self._level.writer.soon(("turned away", node), note)

    def Push(self, request: link_pb2.PushRequest, context: grpc.ServicerContext) -> link_pb2.PushResponse:
        caller = self._trust.caller(context.auth_context())
        segments = codec.segments_from_pb(request)

        def take(work: UnitOfWork) -> Taken:
            peer = self._trust.admit(work, caller)
            greeting.check_fence(work)
            greeting.check_session(peer, request.boot_id)
            if peer.is_forked:
                raise Refusal(Code.FORK, node=peer.node, epoch=0, seq=0)
            if peer.leaving:
                raise Refusal(Code.HANDED_OVER, node=peer.node, superior=peer.leaving)
            taken = self._mirror.take(work, peer.node, segments)
            if taken.refusal is not None:
                forks.tell_above(work, peer.node, self._level.now())
            # Readers of the lag see it shrink between two greetings.
            left = max(peer.waiting - taken.entries, 0)
            _HEARD.run(work.connection, peer=peer.node, waiting=left, heard_at=micros(self._level.wall()))
            return taken

        with self._admission.entered():
            taken = take_whole_or_one_by_one(self._level.writer, take, sum(len(segment.entries) for segment in segments))
        if taken.refusal is not None:
            raise taken.refusal
        return link_pb2.PushResponse(positions=[codec.position_to_pb(one) for one in taken.positions], credit=batch_entries_max)

    def Pull(self, request: link_pb2.PullRequest, context: grpc.ServicerContext) -> link_pb2.PullResponse:
        caller = self._trust.caller(context.auth_context())
        until = self._level.monotonic() + _wait_seconds(request, context)
        is_woken = False
        while True:
            mark = self._waiting.mark(caller.node)
            with self._level.store.read() as view:
                # Asked on every look: who is suspended while it waits gets nothing more.
                peer = self._trust.admit(view, caller)
                batch = self._owed(view, peer, request)
                if batch.entries:
                    self._note_guard(view)
            self._acknowledge(peer, request.down)
            left = until - self._level.monotonic()
            # What is wanted ends the wait once: an older program, which does not greet for it, would ask again at once and for ever.
            is_over = batch.entries or (peer.has_untold and is_woken) or left <= 0
            is_woken = True
            if is_over or not context.is_active() or not self._waiting.wait(peer.node, mark, left):
                return link_pb2.PullResponse(
                    epoch=batch.down.epoch,
                    from_seq=batch.from_seq,
                    entries=[codec.entry_to_pb(entry) for entry in batch.entries],
                    down=codec.down_to_pb(batch.down),
                    wants_blobs=peer.has_untold,
                )

    def _owed(self, view: View, peer: Peer, request: link_pb2.PullRequest) -> outgoing.DownBatch:
        greeting.check_session(peer, request.boot_id)
        if request.down.epoch != peer.down_epoch or request.down.size > peer.down_size:
            raise Refusal(Code.DOWN_EPOCH, epoch=request.down.epoch, current=peer.down_epoch)
        most = min(request.max or batch_entries_max, batch_entries_max)
        return outgoing.read_down(view, peer.node, peer.down_epoch, request.down.size, most)

    def _note_guard(self, view: View) -> None:
        """
        What goes down is held below from then on, maybe before the superior holds it: a database from before that is an old one.
        Its next entry would stand under a number that the subordinate holds already, and nobody could lift that fork.
        """
        if self._level.guard is not None and not view.head.held:
            self._level.guard.note(view.journal.position(view.head.node, view.head.epoch))

    def _acknowledge(self, peer: Peer, down: link_pb2.DownPosition) -> None:
        """Note what the subordinate has durably applied, if that is news."""
        if down.size <= peer.down_acked:
            return

        def note(work: UnitOfWork) -> None:
            _ACKED.run(work.connection, subordinate=peer.node, numbering=down.epoch, size=down.size)

        # It says so again whenever it pulls: this is what people are shown.
        self._level.writer.soon(("down", peer.node), note)

    def Fetch(self, request: link_pb2.FetchRequest, context: grpc.ServicerContext) -> link_pb2.FetchResponse:
        caller = self._trust.caller(context.auth_context())
        try:
            return self._fetched(request, caller)
        except Refusal as refusal:
            if refusal.code is Code.ENTRY_DAMAGED:
                reconciling.note_refused(self._level, refusal)
                if request.max == 1:
                    self._not_below.note(caller.node, (request.node, request.epoch, request.from_seq))
            raise

    def _fetched(self, request: link_pb2.FetchRequest, caller: Identity) -> link_pb2.FetchResponse:
        most = min(request.max or batch_entries_max, batch_entries_max)
        with self._level.store.read() as view:
            peer = self._trust.admit(view, caller)
            if view.place().branch(request.node) != peer.node:
                sent = outgoing.read_sent(view, peer.node, request.node, request.epoch, request.from_seq, most)
                if not sent:
                    raise Refusal(Code.FOREIGN_STREAM, node=request.node, peer=peer.node)
                return link_pb2.FetchResponse(entries=[codec.entry_to_pb(one) for one in sent])
            entries = outgoing.read_stream(view, request.node, request.epoch, request.from_seq, most)
            position = view.journal.position(request.node, request.epoch)
        return link_pb2.FetchResponse(entries=[codec.entry_to_pb(one) for one in entries], position=codec.position_to_pb(position))

    def Reconcile(self, request: link_pb2.ReconcileRequest, context: grpc.ServicerContext) -> link_pb2.ReconcileResponse:
        caller = self._trust.caller(context.auth_context())
        with self._level.store.read() as view:
            peer = self._trust.admit(view, caller)
            # What agrees with an old copy is not proved.
            greeting.check_fence(view)
            answer = reconciling.answer(view, peer.node, request)
        if request.HasField("conclusion"):
            now, wall = self._level.now(), self._level.wall()

            def conclude(work: UnitOfWork) -> None:
                reconciling.keep_conclusion(work, peer.node, request.conclusion, now, wall)

            self._level.writer.command(conclude)
        return answer

    def GiveBack(self, request: link_pb2.GiveBackRequest, context: grpc.ServicerContext) -> link_pb2.GiveBackResponse:
        caller = self._trust.caller(context.auth_context())
        codec.check_batch(request.entries)
        if len(request.places) > batch_entries_max:
            raise Refusal(Code.BATCH_TOO_LARGE, entries=len(request.places), entries_max=batch_entries_max, bytes=0, bytes_max=0)
        places = [codec.place_from_pb(one) for one in request.places]
        with self._level.store.read() as view:
            peer = self._trust.admit(view, caller)
            greeting.check_session(peer, request.boot_id)
            if request.node:
                passing_on.need_above(view, request.node, peer.node)
            unknown = passing_on.unknown(view, request.node, places) if request.node else taking_back.unknown(view, places)
        entries = [codec.entry_from_pb(one) for one in request.entries]

        def take(work: UnitOfWork) -> int:
            peer = self._trust.admit(work, caller)
            greeting.check_fence(work)
            if request.node:
                return passing_on.keep(work, peer.node, request.node, entries)
            if request.done:
                taking_back.no_more_of(work, peer.node)
            return taking_back.take_back(work, peer.node, entries, self._level.now())

        written = self._level.writer.command(take) if entries or request.done else 0
        return link_pb2.GiveBackResponse(unknown=[codec.place_to_pb(one) for one in unknown], written=written)

    def Witness(self, request: link_pb2.WitnessRequest, context: grpc.ServicerContext) -> link_pb2.WitnessResponse:
        raise NotImplementedError

    def PutBlob(self, request: link_pb2.PutBlobRequest, context: grpc.ServicerContext) -> link_pb2.PutBlobResponse:
        return blobs.take_piece(self._level, self._admitted(context), request)

    def GetBlob(self, request: link_pb2.GetBlobRequest, context: grpc.ServicerContext) -> link_pb2.GetBlobResponse:
        return blobs.give_piece(self._level, self._admitted(context), request)

    def _admitted(self, context: grpc.ServicerContext) -> str:
        caller = self._trust.caller(context.auth_context())
        with self._level.store.read() as view:
            return self._trust.admit(view, caller).node


def _wait_seconds(request: link_pb2.PullRequest, context: grpc.ServicerContext) -> float:
    """As long as the caller likes, but so that the answer is there before its own deadline."""
    wished = min(request.wait_ms, pull_wait_ms) / 1000
    left = context.time_remaining()
    return wished if left is None else max(0.0, min(wished, left - answer_seconds))


class Refusals(grpc.ServerInterceptor):
    """Turns what a method raises into the status of its call, after a look at the numbers that it is called with."""

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        method = handler.unary_unary

        def call(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                codec.check_numbers(request)
                return method(request, context)
            except Refusal as refusal:
                log.info("call refused", method=handler_call_details.method, code=refusal.code.name, **_facts(refusal))
                status = status_of(refusal)
            except NotImplementedError:
                status = rpc_status.to_status(status_pb2.Status(code=code_pb2.UNIMPLEMENTED, message="UNIMPLEMENTED"))
            except Exception:
                log.exception("call failed", method=handler_call_details.method)
                status = rpc_status.to_status(status_pb2.Status(code=code_pb2.INTERNAL, message="INTERNAL"))
            context.abort_with_status(status)

        return grpc.unary_unary_rpc_method_handler(call, handler.request_deserializer, handler.response_serializer)


def status_of(refusal: Refusal) -> grpc.Status:
    """A refusal as the status of a call: its code's name and its facts in an ErrorInfo, no sentence."""
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=refusal.code.name, domain="qyzj", metadata=refusal.facts))
    code = code_pb2.Code.Value(refusal.code.status)
    status: grpc.Status = rpc_status.to_status(status_pb2.Status(code=code, message=refusal.code.name, details=[detail]))
    return status


def _facts(refusal: Refusal) -> dict[str, str]:
    return {f"fact_{name}": value for name, value in refusal.facts.items()}


class Server:
    """
    The one port of a node: links, enrolment, health and reflection, all behind mTLS.

    Args:
        listen: "host:port"; port 0 lets the system choose.
        subordinates_max: bounds the threads.
        connection_age_seconds: no connection lives longer.
    """

    def __init__(
        self,
        level: Level,
        credentials: Credentials,
        enrolment: EnrolmentServer,
        listen: str,
        subordinates_max: int,
        connection_age_seconds: float = connection_age_seconds_most,
    ) -> None:
        self._waiting = Waiting()
        self._level = level
        self._credentials = PortCredentials(credentials)
        self._server = grpc.server(
            ThreadPoolExecutor(2 * subordinates_max + extra_threads, thread_name_prefix="link"),
            interceptors=[Refusals()],
            options=server_options(connection_age_seconds),
        )
        link_pb2_grpc.add_LinkServiceServicer_to_server(LinkServer(level, self._waiting), self._server)
        enrolment_pb2_grpc.add_EnrolmentServiceServicer_to_server(enrolment, self._server)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [
            link_pb2.DESCRIPTOR.services_by_name["LinkService"].full_name,
            enrolment_pb2.DESCRIPTOR.services_by_name["EnrolmentService"].full_name,
        ]
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        for name in ("", *names):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        try:
            self.port = self._server.add_secure_port(listen, self._credentials.for_grpc)
        except RuntimeError:
            raise Refusal(Code.ADDRESS_TAKEN, setting="listen", address=listen) from None

    def start(self) -> None:
        """Serve from here on."""
        self._level.store.on_commit.append(self._waiting.wake)
        self._server.start()

    def show(self, credentials: Credentials) -> None:
        """Show renewed *credentials* from the next handshake on."""
        self._credentials.show(credentials)

    def wake_all(self) -> None:
        """Another process wrote into the database: let every waiting `Pull` look."""
        self._waiting.wake_all()

    def stop(self) -> None:
        """Answer what waits, take nothing more, and end."""
        self._health.enter_graceful_shutdown()
        self._waiting.close()
        self._server.stop(stop_grace_seconds).wait()
        if self._waiting.wake in self._level.store.on_commit:
            self._level.store.on_commit.remove(self._waiting.wake)
