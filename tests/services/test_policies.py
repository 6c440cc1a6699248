"""Which pack and calendar govern what: what a ticket began under, it goes on under."""

from pathlib import Path

from node.domain import registry as g
from node.domain.payload import Contact, Text
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.packs.file import effective_pack
from node.services.policies import bundle
from tests.support.node import Hands, make_node

TESTS = ("responsibility", "jurisdiction", "materials", "lawfulness")


def adopt(hands: Hands, sign_limit: str) -> None:
    """Put the county's own pack into force with another limit to sign."""
    own = hands.node.find_pack("xixiu-2025")
    assert own is not None
    texts = {"xixiu-2025": f'{own}\n[limit]\nsign = {{ value = "{sign_limit}", default = "a drill" }}\n'}

    def find(pack: str) -> str | None:
        return texts.get(pack) or hands.node.find_pack(pack)

    pack = effective_pack("xixiu-2025", find)
    blob = hands.node.blobs.put(bundle(pack.id, find))
    hands.act("office", g.AdoptPack(pack.id, pack.version, pack.digest, blob, pack.effective_from), hands.node.code)


def sign_limit_of(hands: Hands, ticket: str) -> int:
    """The limit to sign under the pack that governs *ticket*."""
    with hands.node.store.read() as view:
        return hands.node.policies.for_ticket(view, view.readings.ticket(ticket), hands.now).pack.limit("sign").count


def test_a_changed_pack_governs_no_ticket_that_began_before(tmp_path: Path) -> None:
    """DESIGN 13: the pack that the opener of a custody term names, by id and digest, governs the term."""
    hands = make_node(tmp_path)
    command = Register(channel="window", appeal=Text("x"), name=Contact("王某"), phone=Contact("13800001234"))
    before = hands.act("window_clerk", command).subject.id
    adopt(hands, "1 workday")
    after = hands.act("window_clerk", command).subject.id
    hands.act("office", Form(category="coordination", passed=TESTS), before)

    assert (2, 1) == (sign_limit_of(hands, before), sign_limit_of(hands, after))
