"""What the tests of FEDERATION 2.7 share: a county, two cities and the province at work, and the steps of a move."""

from pathlib import Path

from federation.enrolment import REACTION_ACTOR, invite, join
from federation.epochs import start
from federation.invitation import Invitation
from federation.reparenting import order
from federation.v1 import enrolment_pb2
from node.services.reparentings import accepts
from tests.federation.levels import WALL, Context, MemoryWire, Place, connect, settle
from tests.federation.situations import CITY, COUNTY, OPERATOR, agree, alarms, restore, tickets

OTHER = "520300"
REASON = "区划调整"


class Four:
    """County, both cities and the province, at work."""

    def __init__(self, county: Place, city: Place, other: Place, province: Place) -> None:
        self.county, self.city, self.other, self.province = county, city, other, province
        self.all = (county, city, other, province)
        self.wires: dict[str, MemoryWire] = {}
        self.start()
        self.run()

    def start(self) -> None:
        """Start every process, as after a power cut: the county with whom it has joined."""
        with self.county.level.store.read() as view:
            superior = {CITY: self.city, OTHER: self.other}[view.head.line[0]]
        for below, above in ((self.county, superior), (self.city, self.province), (self.other, self.province)):
            self.wires[below.code] = connect(below, above)

    def run(self, seconds: float = 0) -> None:
        settle(*self.all, seconds=seconds)

    def order(self, escalations: str = "stay") -> str:
        return order(self.province.level, COUNTY, OTHER, REASON, OPERATOR, escalations=escalations)

    def join(self, *, is_moved: bool = False) -> None:
        """The county's operator redeems the new city's invitation."""
        redeem(self.county, self.other, invited(self.county, self.other), is_moved=is_moved)
        self.wires[COUNTY] = connect(self.county, self.other)

    def move(self, escalations: str = "stay") -> None:
        """The whole course."""
        self.order(escalations)
        self.run()
        self.join()
        self.run()
        self.run(seconds=121)

    def bring_back_province(self, backup: Path) -> None:
        """The province is restored, asks, begins an epoch, and has back what those below hold."""
        restore(self.province, backup)
        self.start()
        self.run(seconds=51)
        start(self.province.level, "从备份恢复", OPERATOR)
        for _ in range(3):
            self.run(seconds=121)

    def need_moved(self, number: str) -> None:
        """The county is the other city's, everybody who takes it agrees, the province has the need *number*, and nothing is alarming."""
        assert (OTHER, {OTHER: 2}) == (self.superior, self.taken_by())
        agree(self.county, self.other, self.province)
        assert number in tickets(self.province)
        assert [{}] * 4 == [alarms(place) for place in self.all]

    @property
    def superior(self) -> str:
        """Who is in charge, by the province's word; nobody but that one takes anything of the county unless it never heard of it."""
        with self.province.level.store.read() as view:
            return view.place().superiors[COUNTY]

    def taken_by(self) -> dict[str, int]:
        """Which city takes which epoch of the county just now; I23: never the same of two."""
        found = {}
        for place in (self.city, self.other):
            with place.level.store.read() as view:
                epoch = accepts(view, COUNTY)
            if epoch is not None:
                found[place.code] = epoch
        assert len(found) == len(set(found.values())), "I23"
        return found


def invited(below: Place, above: Place) -> Invitation:
    """The superior's invitation for the node."""
    authority = above.files.authority(above.code, WALL)
    return invite(above.level, authority, below.code, f"node {below.code}", "127.0.0.1:1", REACTION_ACTOR)


def redeem(below: Place, above: Place, invitation: Invitation, *, is_moved: bool = False, lose_answer: bool = False) -> None:
    """The node's operator joins by *invitation*; with *lose_answer* the power goes before the answer is there."""
    server = above.enrolment()

    def call(request: enrolment_pb2.EnrolRequest) -> enrolment_pb2.EnrolResponse:
        answer = server.Enrol(request, Context(invitation.bootstrap))  # type: ignore[arg-type]
        if lose_answer:
            raise OSError("power")
        return answer

    join(below.level, below.files, invitation, call, is_moved=is_moved)
