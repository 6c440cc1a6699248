"""Real processes on loopback: a superior that is away for an hour, a subordinate that is suspended."""

from datetime import timedelta

from sqlalchemy import select

from federation.rehearsal.stage import Stage
from node.domain import registry as g
from node.domain.payload import Text
from node.domain.ticket.escalation import AcceptEscalation
from node.services.acting import act
from node.storage import schema
from tests.faults.ground import flaws, form_and_escalate, register, states
from tests.support.node import MONDAY


class TestAway:
    """A superior that is away for an hour holds up nobody below, and has everything when it is back."""

    def test_an_hour_without_the_city_loses_nothing(self, stage: Stage) -> None:
        """The county works on; an escalation waits in its journal, and is taken as soon as the city is back."""
        stage.kill("520400")
        city = stage.nodes["520400"]
        stage.set_clock(MONDAY + timedelta(minutes=1))
        tickets = [register(stage, f"appeal {number}") for number in range(20)]
        form_and_escalate(stage, tickets[0])
        stage.set_clock(MONDAY + timedelta(hours=1))
        stage.start("520400")
        stage.wait_listening("520400")
        stage.rest(MONDAY + timedelta(hours=1))

        assert [] == flaws(stage)
        assert ["escalated"] * 3 == states(stage, tickets[0])

        act(city, "centre:office", AcceptEscalation(category="coordination", complexity="plain"), ticket=tickets[0])
        stage.rest(MONDAY + timedelta(hours=1))

        assert ["formed"] * 3 == states(stage, tickets[0])
        assert [] == flaws(stage)


class TestSuspended:
    """`qyzj node suspend` takes effect on the next call, and is told apart from an outage."""

    def test_a_suspended_county_is_refused_and_keeps_its_journal(self, stage: Stage) -> None:
        act(stage.nodes["520400"], "operator", g.SetNodeStatus("520402", "suspended", Text("drill")))
        register(stage, "while suspended")
        stage.until(lambda: [] if "NODE_SUSPENDED" in link_error(stage) else [f"the county's link says {link_error(stage)!r}"])
        act(stage.nodes["520400"], "operator", g.SetNodeStatus("520402", "active"))
        stage.rest(MONDAY)

        assert "" == link_error(stage)
        assert [] == flaws(stage)


def link_error(stage: Stage) -> str:
    """What the county's status says of its link."""
    with stage.nodes["520402"].store.read() as view:
        return str(view.connection.execute(select(schema.links.c.last_error)).scalar())
