"""
The subordinate's end of its link: one channel for both lanes, deadlines, and what a failed call means.

The own certificate is checked before dialling, and after three UNAVAILABLE in a row plain TLS tells a refused identity from
an outage: to gRPC both look the same (FEDERATION 0.1 E8).  Credentials are read from their file whenever a channel is
built, so a renewal needs no restart.  A channel that failed is thrown away: gRPC would wait by a clock of its own; so is one
on which an answer did not come in time: where the path lost the connection, nobody ever closes it.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from federation.certificates import Credentials, IdentityError, check_own
from federation.channel import Verdict, probe_identity, secure_channel
from federation.codec import check_numbers
from federation.retry import CallFailed, Failure, failed
from federation.v1 import enrolment_pb2, enrolment_pb2_grpc, link_pb2, link_pb2_grpc
from node.domain.refusal import Code, Refusal

R = TypeVar("R", bound=Message)

hello_deadline_seconds = 5.0
push_deadline_seconds = 20.0
pull_deadline_seconds = 30.0
blob_deadline_seconds = 60.0
fetch_deadline_seconds = 30.0
enrol_deadline_seconds = 10.0
unavailable_before_probe = 3


class Peer(Protocol):
    """A superior as a session calls it: over gRPC, or in one process in the simulator.  Every call raises CallFailed."""

    def hello(self, request: link_pb2.HelloRequest) -> link_pb2.HelloResponse: ...

    def push(self, request: link_pb2.PushRequest) -> link_pb2.PushResponse: ...

    def pull(self, request: link_pb2.PullRequest) -> link_pb2.PullResponse: ...

    def fetch(self, request: link_pb2.FetchRequest) -> link_pb2.FetchResponse: ...

    def reconcile(self, request: link_pb2.ReconcileRequest) -> link_pb2.ReconcileResponse: ...

    def give_back(self, request: link_pb2.GiveBackRequest) -> link_pb2.GiveBackResponse: ...

    def put_blob(self, request: link_pb2.PutBlobRequest) -> link_pb2.PutBlobResponse: ...

    def get_blob(self, request: link_pb2.GetBlobRequest) -> link_pb2.GetBlobResponse: ...

    def redial(self) -> None: ...

    def close(self) -> None: ...


class _End(NamedTuple):
    """A channel and the calls over it, which are made once: eleven of them cost more than a small call."""

    channel: grpc.Channel
    links: link_pb2_grpc.LinkServiceStub


class Superior:
    """
    One channel to the superior; calls may come from several threads, and a return costs the superior one handshake.

    Args:
        address: "host:port".
        credentials_file: what this node shows; read again for each channel.
        node, superior: the codes of both ends.
        wall: the wall clock, by which certificates live.
    """

    def __init__(
        self,
        address: str,
        credentials_file: Path,
        node: str,
        superior: str,
        wall: Callable[[], datetime],
        probe: Callable[[str, Path, str], Verdict] = probe_identity,
    ) -> None:
        self._address = address
        self._file = credentials_file
        self._node = node
        self._superior = superior
        self._wall = wall
        self._probe = probe
        self._end: _End | None = None
        self._unavailable = 0
        self._is_closed = False
        self._lock = threading.Lock()

    def hello(self, request: link_pb2.HelloRequest) -> link_pb2.HelloResponse:
        """`Hello`.  Raises: CallFailed."""
        return self._call(lambda end: end.links.Hello(request, timeout=hello_deadline_seconds))

    def push(self, request: link_pb2.PushRequest) -> link_pb2.PushResponse:
        """`Push`.  Raises: CallFailed."""
        return self._call(lambda end: end.links.Push(request, timeout=push_deadline_seconds))

    def pull(self, request: link_pb2.PullRequest) -> link_pb2.PullResponse:
        """`Pull`.  Raises: CallFailed."""
        return self._call(lambda end: end.links.Pull(request, timeout=pull_deadline_seconds))

    def fetch(self, request: link_pb2.FetchRequest) -> link_pb2.FetchResponse:
        """`Fetch`.  Raises: CallFailed."""
        return self._call(lambda end: end.links.Fetch(request, timeout=fetch_deadline_seconds))

    def reconcile(self, request: link_pb2.ReconcileRequest) -> link_pb2.ReconcileResponse:
        """`Reconcile`.  Raises: CallFailed."""
        return self._call(lambda end: end.links.Reconcile(request, timeout=fetch_deadline_seconds))

    def give_back(self, request: link_pb2.GiveBackRequest) -> link_pb2.GiveBackResponse:
        """`GiveBack`.  Raises: CallFailed."""
        return self._call(lambda end: end.links.GiveBack(request, timeout=fetch_deadline_seconds))

    def put_blob(self, request: link_pb2.PutBlobRequest) -> link_pb2.PutBlobResponse:
        """`PutBlob`.  Raises: CallFailed."""
        return self._call(lambda end: end.links.PutBlob(request, timeout=blob_deadline_seconds))

    def get_blob(self, request: link_pb2.GetBlobRequest) -> link_pb2.GetBlobResponse:
        """`GetBlob`.  Raises: CallFailed."""
        return self._call(lambda end: end.links.GetBlob(request, timeout=blob_deadline_seconds))

    def renew(self, request: enrolment_pb2.RenewRequest) -> enrolment_pb2.RenewResponse:
        """`Renew`.  Raises: CallFailed."""
        return self._call(lambda end: enrolment_pb2_grpc.EnrolmentServiceStub(end.channel).Renew(request, timeout=enrol_deadline_seconds))

    def redial(self) -> None:
        """Show what the credentials' file holds by now; what is in flight comes back as CANCELLED, and is called again."""
        self._drop()

    def close(self) -> None:
        """End the channel, and with it whatever is in flight; every later call is CANCELLED."""
        self._is_closed = True
        self._drop()

    def _drop(self, failed: _End | None = None) -> None:
        """Let go of the channel; of *failed* only, if that is said: the other lane may have dialled anew."""
        with self._lock:
            if failed is not None and self._end is not failed:
                return
            end, self._end = self._end, None
        if end is not None:
            end.channel.close()

    def _call(self, call: Callable[[_End], R]) -> R:
        with self._lock:
            end = self._end or self._dial()
        try:
            answer = call(end)
        except grpc.RpcError as error:
            raise failed(self._failure(failure_of(error), end)) from None
        except ValueError:
            raise failed(Failure("CANCELLED")) from None  # the channel was closed by us
        try:
            check_numbers(answer)
        except Refusal as refusal:
            raise CallFailed(Failure(refusal.code.status, refusal)) from None
        self._unavailable = 0
        return answer

    def _dial(self) -> _End:
        if self._is_closed:
            raise CallFailed(Failure("CANCELLED"))
        try:
            credentials = Credentials.read(self._file)
            check_own(credentials, self._node, self._wall())
        except (IdentityError, OSError) as error:
            fault = error.code if isinstance(error, IdentityError) else "CERTIFICATE_MISSING"
            raise CallFailed(Failure("UNAVAILABLE", Refusal(Code.PEER_IDENTITY, peer=self._superior, fault=fault))) from None
        channel = secure_channel(self._address, credentials, self._superior)
        self._end = _End(channel, link_pb2_grpc.LinkServiceStub(channel))
        return self._end

    def _failure(self, failure: Failure, end: _End) -> Failure:
        if failure.status == "DEADLINE_EXCEEDED":
            self._drop(end)
        if failure.status != "UNAVAILABLE":
            self._unavailable = 0
            return failure
        self._drop(end)
        self._unavailable += 1
        if self._unavailable >= unavailable_before_probe:
            self._unavailable = 0
            if self._probe(self._address, self._file, self._superior) == "identity":
                return Failure("UNAVAILABLE", Refusal(Code.PEER_IDENTITY, peer=self._superior, fault="REFUSED"))
        return failure


def failure_of(error: grpc.RpcError) -> Failure:
    """What a call's error says: its status, and the peer's refusal if it sent one whose code is known here."""
    status = error.code().name if isinstance(error, grpc.Call) else "UNKNOWN"
    return Failure(status, _refusal_of(error))


def _refusal_of(error: Any) -> Refusal | None:
    try:
        said = rpc_status.from_call(error)
    except ValueError:  # details that contradict the status: not from one of ours
        return None
    for detail in said.details if said is not None else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == "qyzj" and info.reason in Code.__members__:
            return Refusal(Code[info.reason], **dict(info.metadata))
    return None
