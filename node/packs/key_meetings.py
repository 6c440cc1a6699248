"""The schema's rows for meetings and leaders."""

from node.domain.meeting.record import TAKES
from node.domain.meeting.ripeness import RIPE_NEEDS
from node.domain.organisation import Role
from node.packs.key import Key, Kind, limit, names, number

_ROLES = tuple(role.value for role in Role)

MEETINGS = (
    names("meetings.kinds", "the kinds of meetings that the document names", required=True),
    names(
        "meeting.<kind>.convened_by",
        "the roles that may convene it, where no post does alone; silent: whoever may convene at all",
        _ROLES,
        words=("role",),
    ),
    Key(
        "meeting.<kind>.post",
        Kind.TEXT,
        "the post whose holder alone convenes it, in his own line where the post has lines",
        words=("leader_post",),
    ),
    names("meeting.<kind>.fixed", "the units that it always has; units are added for the case"),
    names(
        "meeting.<kind>.takes",
        "what its agenda may hold; silent: tickets and problems of running the mechanism",
        TAKES,
        words=("item_kind",),
    ),
    number("meeting.<kind>.tickets_max", "how many tickets one meeting may deal with; 0 or silent is no cap"),
    names("meeting.<kind>.submitted_by", "the roles that put tickets on its agenda; silent: who convened it", _ROLES, words=("role",)),
    names("meeting.<kind>.ripe_needs", "what a ticket must have before it is put on its agenda", RIPE_NEEDS, words=("ripeness", "field")),
    names(
        "meeting.<kind>.decision_needs", "what its decision on an item must say besides the conclusion", ("unit", "due"), words=("field",)
    ),
    names(
        "meeting.<kind>.complexities",
        "the complexities of which a ticket must be to be put on its agenda; silent: any",
        words=("complexity",),
    ),
    names("meeting.<kind>.bodies", "the decision-making bodies, of which it names one", words=("deciding_body",)),
    Key("meeting.<kind>.layer", Kind.TEXT, "the layer of the local ladder whose decision it takes", words=("layer",)),
    Key("meeting.<kind>.every", Kind.CHOICE, "the period in each of which there must be one", among=("none", "month", "quarter")),
    Key("meeting.<kind>.judges", Kind.FLAG, "it is a joint judgement: each need ends with an outcome before it is formed"),
    Key(
        "co_handling.meeting",
        Kind.TEXT,
        "the kind of meeting to which a lead calls its co-handlers; silent: it calls none",
        words=("meeting_kind",),
    ),
    limit("minutes", "who convened a meeting files its minutes, or calls it off, after the planned day"),
)

LEADERS = (
    names("leaders.posts", "the leaders' posts that the document names", required=True, words=("leader_post",)),
    names(
        "leaders.single_posts",
        "of these, those that one person holds at a time, in each line where they have lines",
        words=("leader_post",),
    ),
    names("leaders.lined_posts", "of these, those of which each line has its own", words=("leader_post",)),
    names("leaders.lines", "the lines; silent: any"),
    names(
        "leaders.direct_channels",
        "channels that the main leaders own: what comes in there is on their own list at once",
        words=("channel",),
    ),
    names("leaders.direct_posts", "whose list that is", words=("leader_post",)),
    names("leaders.government_posts", "the posts to which what is put before the government is addressed", words=("leader_post",)),
    names(
        "leaders.source_channels", "channels in which a leader hands a matter over: the assigning body is his account", words=("channel",)
    ),
    names(
        "leaders.linked_channels",
        "channels of which a leader follows what comes from the enterprises that he is linked to",
        words=("channel",),
    ),
    names("leaders.led", "classes and complexities of which every matter has a leader in charge", words=("complexity",)),
)
