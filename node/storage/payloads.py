"""
Sealed payloads: keeping, opening and carrying what people wrote and how to reach them (DESIGN 4, 13).

A subject's text key and contact key are made with its first entry and wrapped by this node's month key of that kind; a
month key is wrapped for this node, its recovery key, each superior (texts) and the superior's revisit desk (contacts).
Wrapped keys and ciphertexts ride beside the entry with which they became necessary (``taken``) and are stored and relayed
as received.  A missing one never holds an entry.  Erasing drops rows here; the log still verifies.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, select

from node.domain.entry import Subject
from node.domain.payload import Contact, PayloadKind, SealedRef, Text
from node.domain.refusal import Code, Refusal
from node.storage import riders, schema, sealing
from node.storage.codec import PayloadLine
from node.storage.keyring import KeyRing
from node.storage.riders import KeyRow, Riders
from node.storage.sealing import MonthKeyName, Random, Reader, SealingError
from node.storage.statements import Prepared, upsert_many

# Up to this size a payload rides in the batch with its entry; larger ones go as blobs.
payload_bytes_max = 64 * 1024
# Entries whose payloads one statement reads.
taken_at_once_max = 500


_payloads, _keys, _entries = schema.payloads.c, schema.wrapped_keys.c, schema.entries.c
_PUBLIC_KEY = Prepared(select(schema.payload_keys.c.public_key).where(schema.payload_keys.c.recipient == bindparam("recipient")))
_SUBJECT_KEYS = Prepared(
    select(_keys.kind, _keys.node, _keys.month, _keys.recipient, _keys.wrapped)
    .where(_keys.subject_kind == bindparam("subject_kind"), _keys.subject_id == bindparam("subject_id"))
    .order_by(_keys.taken)
)
_MONTH_KEY = Prepared(
    select(_keys.wrapped).where(
        _keys.kind == bindparam("kind"),
        _keys.node == bindparam("node"),
        _keys.month == bindparam("month"),
        # Named whole, as the key has it: behind them stand two keys for each ticket of the month.
        _keys.subject_kind == "",
        _keys.subject_id == "",
        _keys.recipient == bindparam("recipient"),
    )
)
_CIPHERTEXT = Prepared(
    select(_payloads.ciphertext)
    .join(schema.entries, _entries.taken == _payloads.taken)
    # The subject is what the index knows an entry by; its id alone would read the whole journal.
    .where(_entries.subject_id == bindparam("subject_id"), _entries.id == bindparam("id"))
    .where(_payloads.place == bindparam("place"), _payloads.ciphertext.isnot(None))
)
V = TypeVar("V")
# A subject's key as it lies wrapped: node, month, recipient, bytes.
Wrapped = tuple[str, str, str, bytes]


@dataclass(frozen=True)
class Recovered:
    """Month keys of this node: opened again by a recovery key, opened all along, and still sealed."""

    opened: int = 0
    had: int = 0
    sealed: int = 0


def recipient(node: str, reader: Reader) -> str:
    """How a reader is named in wrapped keys: "<node>/node", "<node>/desk" or "<node>/recovery"."""
    return f"{node}/{reader.value}"


class Payloads:
    """The payloads of one transaction.  *line* are this node's superiors, nearest first."""

    def __init__(self, connection: Connection, node: str, line: Sequence[str], ring: KeyRing | None, random: Random) -> None:
        self._connection = connection
        self._node = node
        self._line = tuple(line)
        self._ring = ring
        self.random = random
        self._subject_keys: dict[tuple[Subject, PayloadKind], bytes] = {}
        self._month_keys: dict[MonthKeyName, bytes] = {}
        self._new_keys: list[KeyRow] = []
        # Subjects of which no wrapped key was held when one was looked for, and those of which none was of texts.
        self._keyless: set[Subject] = set()
        self._textless: set[Subject] = set()
        # Ciphertexts by entry and place, read for many at once; of the entries ``_brought`` there are no others.
        self._at_hand: dict[tuple[str, int], bytes] = {}
        self._brought: set[str] = set()

    # --- sealing ------------------------------------------------------------------------------------------------------

    def seal(self, subject: Subject, words: Text | Contact, month: str) -> tuple[PayloadLine, bytes]:
        """Seal *words* under the key of *subject*; gives the header's line and the ciphertext."""
        kind = PayloadKind.TEXT if isinstance(words, Text) else PayloadKind.CONTACT
        key = self._subject_key(subject, kind) or self._make_subject_key(subject, kind, month)
        sealed = sealing.seal(words.plain.encode(), key, sealing.binding(subject.kind, subject.id, kind), self.random)
        if len(sealed.ciphertext) > payload_bytes_max:
            raise Refusal(Code.PAYLOAD_TOO_LARGE, bytes=len(sealed.ciphertext), bytes_max=payload_bytes_max)
        return PayloadLine(kind, sealed.blob, sealed.digest), sealed.ciphertext

    def begin(self, subject: Subject) -> None:
        """No key of *subject* is held yet: none is looked for until one comes."""
        self._keyless.add(subject)

    def new_keys(self) -> list[KeyRow]:
        """Wrapped keys made since the last call: they ride beside the entry that is being written."""
        made, self._new_keys = self._new_keys, []
        return made

    def grant(self, subject: Subject, to: str, month: str = "") -> None:
        """
        Wrap the keys of *subject* for node *to*, which is being handed it; they ride on the next entry (DESIGN 13).

        With *month* a subject that has no text key yet gets one: what its first entry says is readable there, too.
        """
        public = self._public(recipient(to, Reader.NODE))
        if public is None:
            return  # it becomes known with its first Hello; the keys follow then
        for kind in PayloadKind:
            key = self._subject_key(subject, kind)
            if key is None and month and kind is PayloadKind.TEXT:
                key = self._make_subject_key(subject, kind, month)
            if key is not None:
                info = _grant_info(subject, kind, to)
                self._new_keys.append(
                    KeyRow(
                        kind.value,
                        self._node,
                        "",
                        subject.kind,
                        subject.id,
                        recipient(to, Reader.NODE),
                        sealing.wrap_month_key(key, public, info),
                    )
                )

    def knows(self, node: str) -> bool:
        """True if keys can be wrapped for *node*: its public payload key came here."""
        return self._public(recipient(node, Reader.NODE)) is not None

    def rewrap_month_keys(self) -> None:
        """Wrap every month key of this node for readers that became known since; they ride on the next entry."""
        table = schema.wrapped_keys
        rows = self._connection.execute(
            select(table.c.kind, table.c.month, table.c.recipient).where(table.c.node == self._node, table.c.subject_id == "")
        ).all()
        have: dict[tuple[str, str], set[str]] = {}
        for kind, month, reader in rows:
            have.setdefault((kind, month), set()).add(reader)
        for (kind, month), readers in have.items():
            name = MonthKeyName(self._node, PayloadKind(kind), month)
            try:
                key = self._month_key(name)
            except SealingError:
                continue  # made by this node before it lost its keys: only its recovery key opens it
            if key is not None:
                self._new_keys += [
                    self._wrapped_month_key(name, key, to, public) for to, public in self._readers(PayloadKind(kind)) if to not in readers
                ]

    def recover_month_keys(self, recovery_secret: bytes) -> "Recovered":
        """
        Open this node's own month keys with *recovery_secret*, of the ring that it had before, and wrap them for the ring that it has
        now in place of what that one cannot open; what is wrapped for others stays as it was received.

        Raises:
            SealingError: KEY_MALFORMED.
        """
        assert self._ring is not None
        table, to = schema.wrapped_keys, recipient(self._node, Reader.NODE)
        public, found = self._ring.public_keys()[Reader.NODE], Recovered()
        query = select(table.c.kind, table.c.month).where(table.c.node == self._node, table.c.subject_id == "").distinct()
        for kind, month in self._connection.execute(query.order_by(table.c.month, table.c.kind)).all():
            name = MonthKeyName(self._node, PayloadKind(kind), month)
            if self._opens(name):
                found = replace(found, had=found.had + 1)
                continue
            key = self._by_recovery(name, recovery_secret)
            if key is None:
                found = replace(found, sealed=found.sealed + 1)
                continue
            same = (table.c.kind == kind, table.c.node == self._node, table.c.month == month, table.c.subject_id == "")
            beside = self._connection.execute(select(table.c.taken).where(*same).limit(1)).scalar_one()
            row = {"kind": kind, "node": self._node, "month": month, "subject_kind": "", "subject_id": "", "recipient": to}
            wrapped = sealing.wrap_month_key(key, public, name.info(to))
            upsert_many(self._connection, table, [{**row, "wrapped": wrapped, "taken": beside}])
            self._month_keys[name] = key
            found = replace(found, opened=found.opened + 1)
        return found

    def _opens(self, name: MonthKeyName) -> bool:
        try:
            return self._month_key(name) is not None
        except SealingError:
            return False

    def _by_recovery(self, name: MonthKeyName, recovery_secret: bytes) -> bytes | None:
        to = recipient(self._node, Reader.RECOVERY)
        wrapped = _MONTH_KEY.scalar(self._connection, kind=name.kind.value, node=name.node, month=name.month, recipient=to)
        try:
            return None if wrapped is None else sealing.unwrap_month_key(bytes(wrapped), recovery_secret, name.info(to))
        except SealingError:
            return None

    def _make_subject_key(self, subject: Subject, kind: PayloadKind, month: str) -> bytes:
        key = sealing.new_key(self.random)
        name = MonthKeyName(self._node, kind, month)
        month_key = self._month_key(name) or self._make_month_key(name)
        wrapped = sealing.wrap_subject_key(key, month_key)
        self._new_keys.append(KeyRow(kind.value, self._node, month, subject.kind, subject.id, "", wrapped))
        self._subject_keys[subject, kind] = key
        return key

    def _make_month_key(self, name: MonthKeyName) -> bytes:
        key = sealing.new_key(self.random)
        self._month_keys[name] = key
        self._new_keys += [self._wrapped_month_key(name, key, to, public) for to, public in self._readers(name.kind)]
        return key

    def _wrapped_month_key(self, name: MonthKeyName, key: bytes, to: str, public: bytes) -> KeyRow:
        return KeyRow(name.kind.value, name.node, name.month, "", "", to, sealing.wrap_month_key(key, public, name.info(to)))

    def _readers(self, kind: PayloadKind) -> list[tuple[str, bytes]]:
        """Who may open this node's month keys: itself, its recovery key, every superior (texts), the superior's desk (contacts)."""
        names = [recipient(self._node, Reader.NODE), recipient(self._node, Reader.RECOVERY)]
        if kind is PayloadKind.TEXT:
            names += [recipient(node, Reader.NODE) for node in self._line]
        elif self._line:
            names.append(recipient(self._line[0], Reader.DESK))
        found = [(name, self._public(name)) for name in names]
        return [(name, public) for name, public in found if public is not None]

    def _public(self, name: str) -> bytes | None:
        found = _PUBLIC_KEY.scalar(self._connection, recipient=name)
        return None if found is None else bytes(found)

    # --- opening ------------------------------------------------------------------------------------------------------

    def open(self, subject: Subject, ref: SealedRef, *, as_desk: bool = False) -> str:
        """
        The plain text behind *ref*.  Rights and purposes are checked by ``services``, which also journals the opening.

        Raises:
            Refusal: PAYLOAD_MISSING (erased or still to come), PAYLOAD_SEALED (this node has no key that opens it).
        """
        kind = ref.kind
        ciphertext = self._at_hand.get((ref.entry, ref.place)) or self._ciphertext(subject, ref)
        if ciphertext is None:
            raise Refusal(Code.PAYLOAD_MISSING, entry=ref.entry, place=ref.place)
        key = self._subject_key(subject, kind, as_desk=as_desk)
        if key is None:
            raise Refusal(Code.PAYLOAD_SEALED, subject=subject.id, kind=kind.value)
        aad = sealing.binding(subject.kind, subject.id, kind)
        try:
            return sealing.unseal(ciphertext, key, aad, ref.digest).decode()
        except SealingError as error:
            fault = error
        for other in self._other_keys(subject, kind, key, as_desk=as_desk):
            try:
                return sealing.unseal(ciphertext, other, aad, ref.digest).decode()
            except SealingError:
                continue
        raise Refusal(Code.PAYLOAD_MISSING, entry=ref.entry, place=ref.place, fault=fault.code) from fault

    def _ciphertext(self, subject: Subject, ref: SealedRef) -> bytes | None:
        if ref.entry in self._brought:
            return None
        found = _CIPHERTEXT.scalar(self._connection, subject_id=subject.id, id=ref.entry, place=ref.place)
        return None if found is None else bytes(found)

    def open_all(self, subject: Subject, refs: Mapping[str, SealedRef], taken: Sequence[int]) -> dict[str, str]:
        """
        What of *refs* can be opened, by its name; the entries *taken* hold them, all of *subject* and a few thousand at most.  One
        statement reads them all.
        """
        table, entries = schema.payloads, schema.entries
        rows: list[Any] = []
        for start in range(0, len(taken), taken_at_once_max):
            rows += self._connection.execute(
                select(entries.c.id, table.c.place, table.c.ciphertext)
                .join(entries, entries.c.taken == table.c.taken)
                .where(table.c.taken.in_(taken[start : start + taken_at_once_max]), table.c.ciphertext.isnot(None))
            )
        at_hand, self._at_hand = self._at_hand, self._at_hand | {(row.id, row.place): bytes(row.ciphertext) for row in rows}
        found: dict[str, str] = {}
        for name, ref in refs.items():
            try:
                found[name] = self.open(subject, ref)
            except Refusal as refusal:
                if refusal.code not in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
                    raise
        self._at_hand = at_hand
        return found

    def bring_texts(self, subjects: Collection[Subject], entries: Mapping[int, str]) -> None:
        """
        Read what ``open`` needs for the texts of *entries*, by ``taken`` their ids, which are about *subjects*: two statements for each
        ``taken_at_once_max`` of them, a few thousand at most, instead of two an entry.
        """
        table, keys = schema.payloads, schema.wrapped_keys
        entries = {taken: id for taken, id in entries.items() if id not in self._brought}
        for part in _parts(sorted(entries)):
            rows = self._connection.execute(
                select(table.c.taken, table.c.place, table.c.ciphertext).where(table.c.taken.in_(part), table.c.ciphertext.isnot(None))
            )
            self._at_hand |= {(entries[row.taken], row.place): bytes(row.ciphertext) for row in rows}
        self._brought.update(entries.values())
        missing = {one for one in subjects if (one, PayloadKind.TEXT) not in self._subject_keys} - self._keyless - self._textless
        wrapped: dict[Subject, list[Wrapped]] = {one: [] for one in missing}
        for ids in _parts(sorted({one.id for one in missing})):
            for row in self._connection.execute(
                select(keys.c.subject_kind, keys.c.subject_id, keys.c.node, keys.c.month, keys.c.recipient, keys.c.wrapped)
                .where(keys.c.kind == PayloadKind.TEXT.value, keys.c.subject_id.in_(ids))
                .order_by(keys.c.taken)
            ):
                wrapped.setdefault(Subject(row.subject_kind, row.subject_id), []).append(
                    (row.node, row.month, row.recipient, bytes(row.wrapped))
                )
        for subject, found in wrapped.items():
            if self._first_that_opens(subject, PayloadKind.TEXT, found) is None:
                self._textless.add(subject)

    def query_code(self, subject: Subject) -> str | None:
        """
        The eight letters and digits with which an appellant reads what became of *subject*; None where its texts cannot be read.

        Derived from the text key, so it is kept nowhere and ends when the key is erased (AS25-2.2.3).
        """
        key = self._subject_key(subject, PayloadKind.TEXT)
        return None if key is None else sealing.query_code(key, subject.id)

    def lookup_token(self, kind: str, piece: str) -> str | None:
        """
        The token under which *piece* of a name, a phone or a code stands in the blind index; None without this node's keys.

        The key follows from a secret that is never in the database: whoever has the index alone finds nobody in it.
        """
        return None if self._ring is None else sealing.lookup_token(self._ring.node_secret, kind, piece)

    def text_index_key(self) -> bytes | None:
        """The key under which texts stand in the text index; None without this node's keys.  It follows from the same secret."""
        return None if self._ring is None else sealing.text_index_key(self._ring.node_secret)

    def seal_draft(self, plain: bytes, account: str, form: str) -> bytes | None:
        """*plain* sealed for this node alone and bound to its account and form; None without this node's keys."""
        if self._ring is None:
            return None
        return sealing.seal_draft(plain, self._ring.node_secret, account, form, self.random)

    def open_draft(self, sealed: bytes, account: str, form: str) -> bytes | None:
        """What `seal_draft` sealed; None without the keys, or where the row was moved or changed."""
        return None if self._ring is None else sealing.open_draft(sealed, self._ring.node_secret, account, form)

    def purpose_key(self, purpose: str) -> bytes | None:
        """A key for *purpose* that follows from the same secret; None without this node's keys."""
        return None if self._ring is None else sealing.purpose_key(self._ring.node_secret, purpose)

    def _subject_key(self, subject: Subject, kind: PayloadKind, *, as_desk: bool = False) -> bytes | None:
        known = self._subject_keys.get((subject, kind))
        if known is not None:
            return known
        if subject in self._keyless or (kind is PayloadKind.TEXT and not as_desk and subject in self._textless):
            return None
        rows = _SUBJECT_KEYS.rows(self._connection, subject_kind=subject.kind, subject_id=subject.id)
        if not rows:
            self._keyless.add(subject)
        wrapped = [(node, month, to, bytes(one)) for of_kind, node, month, to, one in rows if of_kind == kind.value]
        return self._first_that_opens(subject, kind, wrapped, as_desk=as_desk)

    def _first_that_opens(self, subject: Subject, kind: PayloadKind, rows: Sequence[Wrapped], *, as_desk: bool = False) -> bytes | None:
        for node, month, to, wrapped in rows:
            key = self._unwrapped(subject, kind, node, month, to, wrapped, as_desk=as_desk)
            if key is not None:
                self._subject_keys[subject, kind] = key
                return key
        return None

    def _other_keys(self, subject: Subject, kind: PayloadKind, first: bytes, *, as_desk: bool) -> Iterator[bytes]:
        """
        What else opens texts or contacts of *subject* than the key that it is sealed by here.

        A node that was restored from before it made that key makes another one, and then gets what it had sealed by the first one
        back, from above or below.
        """
        tried = {first}
        for of_kind, node, month, to, wrapped in _SUBJECT_KEYS.rows(self._connection, subject_kind=subject.kind, subject_id=subject.id):
            if of_kind != kind.value:
                continue
            key = self._unwrapped(subject, kind, node, month, to, bytes(wrapped), as_desk=as_desk)
            if key is not None and key not in tried:
                tried.add(key)
                yield key

    def _unwrapped(
        self, subject: Subject, kind: PayloadKind, node: str, month: str, to: str, wrapped: bytes, *, as_desk: bool
    ) -> bytes | None:
        if self._ring is None:
            return None
        try:
            if to == recipient(self._node, Reader.NODE):
                return sealing.unwrap_month_key(wrapped, self._ring.secret(Reader.NODE), _grant_info(subject, kind, self._node))
            if to == "":
                month_key = self._month_key(MonthKeyName(node, kind, month), as_desk=as_desk)
                return None if month_key is None else sealing.unwrap_subject_key(wrapped, month_key)
        except SealingError:
            return None
        return None

    def _month_key(self, name: MonthKeyName, *, as_desk: bool = False) -> bytes | None:
        if name in self._month_keys:
            return self._month_keys[name]
        if self._ring is None:
            return None
        for reader in (Reader.NODE, Reader.DESK) if as_desk or name.node == self._node else (Reader.NODE,):
            to = recipient(self._node, reader)
            wrapped = _MONTH_KEY.scalar(self._connection, kind=name.kind.value, node=name.node, month=name.month, recipient=to)
            if wrapped is not None:
                if reader is not Reader.NODE:
                    return sealing.unwrap_month_key(bytes(wrapped), self._ring.secret(reader), name.info(to))
                key = sealing.month_key_at_hand(bytes(wrapped), self._ring.secret(reader), name.info(to))
                self._month_keys[name] = key
                return key
        return None

    # --- keeping ------------------------------------------------------------------------------------------------------

    def keep(self, laden: Sequence[Riders]) -> None:
        """Store what rides beside entries.  A ciphertext that is not there yet leaves its place empty; a key is kept once."""
        riders.write(self._connection, laden)
        for known in filter(None, (self._keyless, self._textless)):
            known.difference_update([Subject(key.subject_kind, key.subject_id) for one in laden for key in one.keys])

    def keys_of(self, subject: Subject) -> dict[PayloadKind, bytes]:
        """The keys of *subject*, as far as this node can open them."""
        found = {kind: self._subject_key(subject, kind) for kind in PayloadKind}
        return {kind: key for kind, key in found.items() if key is not None}

    def rewrapped(self, subject: Subject, keys: Mapping[PayloadKind, bytes], month: str) -> list[KeyRow]:
        """
        Wrap *keys* of *subject* under this node's month keys as they are now, with those month keys that had to be made.

        Of two branches of a journal each may have made a month key of its own; one of them stays (2.3 no. 7).
        """
        self._month_keys.clear()
        rows = []
        for kind, key in keys.items():
            name = MonthKeyName(self._node, kind, month)
            month_key = self._month_key(name) or self._make_month_key(name)
            rows.append(KeyRow(kind.value, self._node, month, subject.kind, subject.id, "", sealing.wrap_subject_key(key, month_key)))
            self._subject_keys[subject, kind] = key
        return [*self.new_keys(), *rows]

    def erase(self, subject: Subject) -> int:
        """
        Drop the ciphertexts and keys of *subject* and what it was found by; gives how many payloads were dropped.  Entries stay
        and still verify.
        """
        self._at_hand.clear()
        self._brought.clear()
        self._subject_keys = {at: key for at, key in self._subject_keys.items() if at[0] != subject}
        return riders.erase(self._connection, subject)


def _parts(keys: Sequence[V]) -> list[Sequence[V]]:
    return [keys[start : start + taken_at_once_max] for start in range(0, len(keys), taken_at_once_max)]


def _grant_info(subject: Subject, kind: PayloadKind, to: str) -> bytes:
    return b"qyzj subject key 1\n" + sealing.binding(subject.kind, subject.id, kind) + b"\n" + to.encode()
