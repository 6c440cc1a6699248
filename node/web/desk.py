"""
Who sits at a page or calls the API: signed in, in one of his roles, in one language.

``signed_in`` is the one door that every endpoint goes through; what a person may read is then asked of ``node.services.scope``
with ``viewer``, what he may do of ``decide`` by the road of the command.
"""

from dataclasses import dataclass
from typing import Annotated, Unpack

from fastapi import Depends, Request

from node.domain.command import Command
from node.domain.entry import Actor
from node.domain.refusal import Code, Refusal
from node.services.acting import Node, Said, act
from node.services.handle import Outcome
from node.texts.catalogue import Lang


@dataclass(frozen=True)
class Desk:
    """
    A person, or another system, at this node.

    ``role`` is the one that he looks around in; a command acts in it if it may, else in the first of ``roles`` that may
    (AS25-1.2b: the entry says which).  ``csrf`` goes into every form that is sent back.  ``is_service``: another system.
    """

    node: Node
    account: str
    name: str
    unit: str
    roles: tuple[str, ...]
    role: str
    lang: Lang = "zh-CN"
    csrf: str = ""
    session: str = ""
    is_service: bool = False
    # He signed in by more than a password.
    is_strong: bool = False
    # In whose place he sits, in that one's roles and unit; empty: at his own desk.
    behalf: str = ""

    @property
    def viewer(self) -> Actor:
        """As ``scope.visible_to`` and ``sight`` ask for him."""
        return Actor(self.account, self.role, self.unit, self.behalf)

    def need_second_factor(self) -> None:
        """
        Contacts are opened, and administrators act, only by whoever showed more than a password.

        Raises:
            Refusal: SECOND_FACTOR_REQUIRED.
        """
        if not self.is_strong:
            raise Refusal(Code.SECOND_FACTOR_REQUIRED, account=self.account)

    def act(self, command: Command, **said: Unpack[Said]) -> Outcome:
        """
        Give *command*, as ``services.acting.act``, at this desk.  The id is the token of the form, so that a form sent twice acts once.

        Raises:
            Refusal: as ``act``.
        """
        said["behalf"], said["prefer"] = self.behalf, self.role
        return act(self.node, self.account, command, **said)


def signed_in(request: Request) -> Desk:
    """
    The desk of this request, as the sessions or the tokens found it.

    Raises:
        Refusal: UNAUTHENTICATED.
    """
    desk: Desk | None = getattr(request.state, "desk", None)
    if desk is None:
        raise Refusal(Code.UNAUTHENTICATED, account="")
    return desk


SignedIn = Annotated[Desk, Depends(signed_in)]
