"""Three levels that write to one another, for the tests of what passes beside tickets: and what each of them shows."""

from pathlib import Path

from node.domain.entry import Subject, SubjectKind
from node.domain.letter.record import Letter
from node.domain.ticket.ticket import Ticket
from node.services import letters
from node.storage.dossier_readings import dossier_of
from tests.federation.levels import MemoryWire, Place, connect, enrol, make_place, settle

PROVINCE, CITY, COUNTY, SISTER = "520000", "520400", "520402", "520403"
PASSED = ("responsibility", "jurisdiction", "materials", "lawfulness")


class Tree:
    """A province, a city and two counties under their packs, joined; each wire can be cut."""

    def __init__(self, directory: Path, **packs: str) -> None:
        self.province = make_place(directory, PROVINCE, packs.get("province", "guizhou"))
        self.city = make_place(directory, CITY, packs.get("city", "anshun-2025"))
        self.county = make_place(directory, COUNTY, packs.get("county", "xixiu-2025"))
        self.sister = make_place(directory, SISTER, packs.get("sister", "xixiu-2025"))
        self.wires: dict[str, MemoryWire] = {}
        for below, above in ((self.city, self.province), (self.county, self.city), (self.sister, self.city)):
            enrol(below, above)
            self.wires[below.code] = connect(below, above)
        for county in (self.county, self.sister):
            county.hands.staff("housing")
        # The first greetings bring every node's payload key up; the second ones tell the levels above.
        self.settle()
        self.settle(60)

    @property
    def places(self) -> tuple[Place, ...]:
        """Lowest level first, as ``settle`` wants them."""
        return (self.county, self.sister, self.city, self.province)

    def settle(self, seconds: float = 0) -> None:
        """Let everything arrive and be reacted to."""
        settle(*self.places, seconds=seconds)
        # What a reaction above wrote is pulled with the next look.
        settle(*self.places, seconds=1)

    def sweep(self, **later: float) -> None:
        """Some time later, the clocks of all nodes at work, and what they found told to one another."""
        self.county.hands.later(**later)
        for place in self.places:
            place.hands.node.sweep.run(place.hands.now)
        self.settle()


def the_letter(place: Place, letter: str) -> Letter | None:
    """The letter as this level knows it; None if it is not here."""
    with place.level.store.read() as view:
        found: Letter | None = dossier_of(view.journal, Subject(SubjectKind.LETTER.value, letter))
    return found


def opened(place: Place, letter: str, role: str = "office") -> dict[str, str]:
    """What it says to somebody of this level, who reads it."""
    actor = place.hands.order(role, letters.ReadLetter()).actor
    node = place.hands.node
    return dict(node.writer.command(lambda work: letters.open_letter(work, node.handler, letter, actor)).texts)


def waiting(place: Place, letter: str) -> list[tuple[str, str]]:
    """Node and author of the letter, if it lies in the inbox of this level."""
    with place.level.store.read() as view:
        lines = letters.inbox(view, place.hands.now)
    return [(line.letter.owner, line.letter.author) for line in lines if line.letter.id == letter]


def overdue(place: Place, letter: str) -> list[str]:
    """The nodes at which the letter is late, as this level lists them."""
    with place.level.store.read() as view:
        return sorted(line.node for line in letters.late(view, place.hands.now) if line.letter.id == letter)


def receipts(place: Place, letter: str) -> dict[str, str]:
    """By node: "r" received, "R" read, "B" reported back, "!" overdue."""
    found = the_letter(place, letter)
    assert found is not None
    marks = (("received_at", "r"), ("read_at", "R"), ("reported_at", "B"), ("is_overdue", "!"))
    lines = letters.receipts(found, place.hands.now)
    return {line.node: "".join(mark for name, mark in marks if getattr(line, name)) for line in lines}


def at(place: Place, ticket: str) -> Ticket:
    """The ticket as this level folds it."""
    with place.level.store.read() as view:
        found = view.readings.ticket(ticket)
    assert found is not None
    return found
