"""What stands around every page: which node this is, whether it is cut off, and where this person may want to go."""

from dataclasses import dataclass
from datetime import datetime

from node.services.people import people_of
from node.services.situations import RED, situations
from node.services.status import LinkLine, link_lines
from node.storage.unit_of_work import View
from node.web.desk import Desk
from node.web.navigation import Group, groups_of


@dataclass(frozen=True)
class Banner:
    """
    Something that concerns everybody at the node: "held" (nothing can be recorded), "refused" (the superior takes nothing, and it
    is not the network), "cut" (the superior is not heard), "rehearsal".  ``waiting`` entries are owed to ``peer``.
    """

    kind: str
    peer: str = ""
    heard_at: datetime | None = None
    waiting: int = 0


@dataclass(frozen=True)
class Frame:
    """The node's name, its banners, the worst first, and the navigation of the desk."""

    node_name: str
    banners: tuple[Banner, ...]
    groups: tuple[Group, ...]
    # What whoever sits here is called.
    person: str


def frame_of(desk: Desk) -> Frame:
    """The frame of a page for *desk*."""
    with desk.node.store.read() as view:
        return Frame(view.head.name or view.head.node, tuple(_banners(view, desk)), groups_of(desk.role), _person(view, desk))


def _person(view: View, desk: Desk) -> str:
    """A system by the name of its token; a person by his own."""
    return desk.name if desk.is_service else people_of(view).get(desk.account, desk.account)


def _banners(view: View, desk: Desk) -> list[Banner]:
    """Links live by the machine's time, not by that of a rehearsal."""
    found = [Banner("held")] if view.head.held else []
    links = [one for one in link_lines(view, desk.node.wall(), desk.node.settings.heartbeat_seconds) if one.side == "superior"]
    found += [banner for link in links if (banner := _of_link(view, link, desk.node.now())) is not None]
    return [*found, Banner("rehearsal")] if view.head.is_rehearsal else found


def _of_link(view: View, link: LinkLine, now: datetime) -> Banner | None:
    facts = (link.name or link.peer, link.heard_at, link.up)
    if any(one.colour == RED and one.peer == link.peer for one in situations(view, [link], now)):
        return Banner("refused", *facts)
    return Banner("cut", *facts) if link.is_silent else None
