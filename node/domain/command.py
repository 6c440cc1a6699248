"""
Commands: what somebody wants to happen, imperative, as frozen dataclasses.

CLI verbs, REST bodies and forms are made from these classes; ``decide`` turns them into events or a refusal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from node.domain.entry import Actor, SubjectKind
from node.domain.organisation import Role, Unit


class Command:
    """
    ``roles``: who may give it unless the pack says otherwise.  ``starts``: it makes a new subject.  ``is_side``: it may be
    given where custody is elsewhere (asks, the enterprise's words, material).  ``also``: fields that name other tickets, which
    ``handle`` loads into ``facts.others``.  ``needs``: names of further facts (``node/services/facts.py``), which ``handle``
    puts into ``facts.given``.
    """

    subject_kind: ClassVar[SubjectKind] = SubjectKind.TICKET
    roles: ClassVar[frozenset[Role]] = frozenset()
    starts: ClassVar[bool] = False
    is_side: ClassVar[bool] = False
    also: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True)
class Facts:
    """
    What a decision may know beyond its subject, loaded in the same transaction.

    ``actor`` acts in one role.  ``entry_ids`` gives ids for what the command names by itself (asks it opens).  ``serial`` is
    the next register serial of the Beijing day.  ``others`` are the other subjects that the command names, by id.
    ``evidence`` are the digests of the attachments stored here for the subject.  ``open_rounds`` are the ids of the sampling
    rounds that are not closed and have the ticket in their frame.  ``registered_before`` is the need that this node took in
    under the same number of the same channel, or empty.  ``fresh_id`` is the id of the dossier that the command starts.
    ``given`` holds what the command's ``needs`` name.
    """

    actor: Actor
    units: Mapping[str, Unit] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)
    serial: int = 0
    evidence: frozenset[str] = frozenset()
    open_rounds: frozenset[str] = frozenset()
    registered_before: str = ""
    fresh_id: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)

    def is_role(self, *roles: Role) -> bool:
        """True if the actor acts as one of *roles*."""
        return self.actor.role in {role.value for role in roles}


@dataclass(frozen=True)
class Order:
    """
    A command on its way: who gives it, about what, and which state he saw.

    ``id`` is a UUID made by whoever starts it (form token, idempotency key, reaction): the same id again gives the first
    outcome.  ``seen`` is (custody number, version) of the page the person looked at; None asks for no check.
    ``occurred_at`` is when it is said to have happened, if not now.
    """

    id: str
    actor: Actor
    subject: str
    command: Command
    seen: tuple[int, int] | None = None
    occurred_at: datetime | None = None
