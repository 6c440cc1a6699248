"""
Web hooks: other systems are told of entries, in their order, signed, and again from any position.

The journal is the outbox: a hook is a position in it, and telling is reading on from there.  One that fails holds itself alone and is
tried again for as long as it is there.  Its secret follows from a secret of the node that is in no database.
"""

import hmac
import ipaddress
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.message import Message
from typing import IO
from urllib.parse import urlsplit

import structlog

from node.domain.accounts import HookAdded, HookRemoved
from node.domain.entry import Actor
from node.domain.events import EVENTS
from node.domain.refusal import Code, Refusal
from node.services.bodies import as_json, plain
from node.services.entry_feed import Feed, feed
from node.services.noting import note
from node.services.registry import actor_of
from node.storage import hooks
from node.storage.hooks import Hook
from node.storage.unit_of_work import Store, UnitOfWork, View

log = structlog.get_logger()

seconds_max = 10
# Entries in one post, and posts of one hook in one run: what is left waits for the next.
entries_max = 100
posts_max = 20
at_once_max = 8
_ID_BYTES = 6

# Posts a body with headers; raises OSError or ValueError if it was not taken.
Post = Callable[[str, bytes, dict[str, str]], None]


def add(
    work: UnitOfWork, account: str, role: str, url: str, kinds: Sequence[str], position: int | None, wall: datetime, now: datetime
) -> tuple[Hook, str]:
    """
    A new hook with its secret, which is told this once.  It begins behind *position*; None: with what happens from now on.

    That *account* added it is an entry (AS25-3.2.1a), of which a node that is held writes none.

    Raises:
        Refusal: NODE_HELD, ACCOUNT_UNKNOWN, UNAUTHENTICATED, PERMISSION_DENIED; MALFORMED_COMMAND, for another address than https or
            loopback; VALUE_NOT_OFFERED, for a kind that no entry has.
    """
    actor = actor_of(work.connection, work.head.node, account, role)
    need_address(url)
    unknown = next((kind for kind in kinds if kind not in EVENTS), None)
    if unknown is not None:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="event", value=unknown, offered=sorted(EVENTS))
    if work.head.held:
        raise Refusal(Code.NODE_HELD, reason=work.head.held)
    feed_of(work, Hook("", account, actor.role, url, (), 0, wall, 0, wall, None, ""), 1)
    id = work.payloads.random(_ID_BYTES).hex()
    note(work, actor, HookAdded(account, id, actor.role, urlsplit(url).netloc, tuple(kinds)), now)
    made = hooks.add(work.connection, id, account, actor.role, url, kinds, work.head.taken if position is None else position, wall)
    return made, secret_of(work, id).hex()


def remove(work: UnitOfWork, id: str, by: Actor, now: datetime) -> None:
    """
    Tell a hook nothing more, with an entry; at a node that is held, too, which enters nothing.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    known = hooks.one(work.connection, id)
    hooks.remove(work.connection, id)
    if not work.head.held:
        note(work, by, HookRemoved(known.account, id), now)


def need_address(url: str) -> None:
    """
    Refuse an address over which entries would go in the clear.

    Raises:
        Refusal: MALFORMED_COMMAND.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise Refusal(Code.MALFORMED_COMMAND, field="url") from None
    if not host or parts.username is not None or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))):
        raise Refusal(Code.MALFORMED_COMMAND, field="url")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def secret_of(view: View | UnitOfWork, id: str) -> bytes:
    """
    The key that signs what goes to the hook *id*.

    Raises:
        Refusal: PAYLOAD_SEALED, in a process without the node's keys.
    """
    key = view.payloads.purpose_key(f"hook {id}")
    if key is None:
        raise Refusal(Code.PAYLOAD_SEALED, subject=id, kind="hook")
    return key


def signature(secret: bytes, stamp: int, body: bytes) -> str:
    """
    What stands in ``Qyzj-Signature``: time of sending and HMAC-SHA-256 over both, ``t=<seconds>,v1=<hex>``.  Who takes it compares the
    time with its own clock, so that nobody sends it a second time later.
    """
    return f"t={stamp},v1={hmac.digest(secret, f'{stamp}.'.encode() + body, 'sha256').hex()}"


def feed_of(view: View | UnitOfWork, hook: Hook, limit: int = entries_max) -> Feed:
    """
    What the hook is to be told next: as its account sees it, on this very day.

    Raises:
        Refusal: the account was closed or no longer has that role; PERMISSION_DENIED, for one from outside.
    """
    viewer = actor_of(view.connection, view.head.node, hook.account, hook.role)
    return feed(view, hook.position, viewer, hook.kinds, limit)


class Hooks:
    """
    Tells every hook what it has not been told.  *wall* is the machine's clock; *again* says when to try after so many failures.
    """

    def __init__(
        self, store: Store, wall: Callable[[], datetime], again: Callable[[datetime, int], datetime], post: Post | None = None
    ) -> None:
        self._store = store
        self._wall = wall
        self._again = again
        self._post = post or _post

    def run(self) -> int:
        """Tell what is due; returns how many entries were taken.  A hook that hangs keeps no other waiting."""
        with self._store.read() as view:
            due = hooks.due(view.connection, self._wall(), view.head.taken)
        if not due:
            return 0
        with ThreadPoolExecutor(min(len(due), at_once_max), thread_name_prefix="hook") as pool:
            return sum(pool.map(self._tell, due))

    def _tell(self, hook: Hook) -> int:
        told, attempts = 0, hook.attempts
        try:
            for _ in range(posts_max):
                with self._store.read() as view:
                    known = hooks.one(view.connection, hook.id)
                    found = feed_of(view, known)
                    secret = secret_of(view, hook.id)
                if found.entries:
                    self._send(known, found, secret)
                now = self._wall()
                with self._store.write() as work:
                    hooks.mark_taken(work.connection, hook.id, known.position, found.next, now, is_delivered=bool(found.entries))
                told, attempts = told + len(found.entries), 0
                if found.next >= found.end:
                    break
        except (OSError, ValueError, Refusal) as error:
            self._failed(hook, attempts + 1, error)
        return told

    def _send(self, hook: Hook, found: Feed, secret: bytes) -> None:
        body = as_json({"hook": hook.id, **plain(found)}).encode()
        stamp = int(self._wall().timestamp())
        self._post(hook.url, body, {"Qyzj-Signature": signature(secret, stamp, body), "Qyzj-Hook": hook.id})

    def _failed(self, hook: Hook, attempts: int, error: Exception) -> None:
        said = error.code.name if isinstance(error, Refusal) else type(error).__name__
        if isinstance(error, urllib.error.HTTPError):
            said = f"HTTP {error.code}"
        if said == Code.SUBJECT_UNKNOWN.name:
            return  # removed while it was told
        log.warning("hook_failed", hook=hook.id, error=said, attempts=attempts)
        with self._store.write() as work:
            hooks.mark_failed(work.connection, hook.id, attempts, self._again(self._wall(), attempts), said)


class _NoWayOn(urllib.request.HTTPRedirectHandler):
    """What is signed for one address goes to no other."""

    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str) -> None:
        raise urllib.error.HTTPError(req.full_url, code, msg, headers, fp)


def _post(url: str, body: bytes, headers: dict[str, str]) -> None:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json; charset=utf-8", **headers}, method="POST")
    with urllib.request.build_opener(_NoWayOn).open(request, timeout=seconds_max) as answer:
        answer.read(1)
