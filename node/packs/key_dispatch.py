"""The schema's rows for sorting, whose duty it is, objections, and the local ladder."""

from node.domain.organisation import Role
from node.domain.paper import ASSIGNMENT, RECEIPT
from node.domain.ticket.state import With
from node.packs.key import Key, Kind, choice, flag, limit, names

SORTING_AND_DISPATCH = (
    choice("number.serial", "what the serials of ticket numbers count: the numbers given on a day, or those of the year", "day", "year"),
    Key("number.class.<class>", Kind.TEXT, "how the class is written in a ticket number"),
    flag("intake.category_required", "nothing is taken in without a class"),
    names("complexity_grounds.<complexity>", "grounds of which a complexity needs one at least"),
    flag("acceptance.note_required", "a refusal needs a written note"),
    names(
        "acceptance.gap_classes",
        "classes that may be accepted with secondary items missing, against a signed commitment",
        words=("category",),
    ),
    names("acceptance.gap_items", "the items that are secondary: they may be missing then"),
    limit("assign", "from the verification with the enterprise to the dispatch; without it, from the forming", required=False, least=0),
    flag("dispatch.by_duty_list", "a dispatch elsewhere than the responsibility catalogue says needs a reason"),
    names("batch.papers", "the papers that are issued with every ticket of a batch that is dispatched", (RECEIPT, ASSIGNMENT)),
    names(
        "direct.complexities",
        "complexities that one unit handles from begin to end, without co-handlers and without another lead",
        words=("complexity",),
    ),
    choice("sign.on_silence", "what silence after the sign limit is", "supervise", "deemed_signed"),
    names("stewards.own_kinds", "kinds of units whose stewards also act on needs that reached their unit first"),
)

RESULTS = (
    names("completion.adoptions", "what becomes of a suggestion"),
    names("completion.adoptions_explained", "of these, those that need a reason", words=("adoption",)),
)

OBJECTING = (
    choice("objection.goes_to", "who has a declined ticket first", "office", "first_contact", words=("with_whom", "role")),
    flag("objection.cites_duty", "an objection cites an item of the responsibility catalogue, or says that it has none"),
    flag("objection.precedents_bind", "what was ruled on is not objected to again, as long as matter and list are the same"),
    limit("reroute", "the first-asked unit says whom it proposes for a declined ticket"),
)

LOCAL_LADDER = (
    names("ladder.layers", "the layers of this node's own ladder, the lowest first; none: there is no such ladder", words=("layer",)),
    names("ladder.levels", "whose power a matter may be, the lowest first"),
    Key("ladder.entry", Kind.TEXT, "the layer on which a ticket begins", words=("layer",)),
    flag("ladder.strict", "no layer is passed over"),
    Key("ladder.with.<layer>", Kind.CHOICE, "who acts on the layer", among=tuple(one.value for one in With), words=("with_whom", "role")),
    Key("ladder.kind.<kind>", Kind.TEXT, "the layer on which a lead of this kind of unit works", words=("block", "group")),
    names("ladder.raised_by.<layer>", "who may put a ticket to the layer", tuple(role.value for role in Role), words=("role",)),
    names("ladder.complexities.<layer>", "the complexities that the layer takes; silent: all", words=("complexity",)),
    names("ladder.grounds.<layer>", "the grounds on which the layer takes a ticket; silent: none is asked for"),
    names("ladder.grounds_of_failure", "grounds that need a meeting which settled nothing"),
    names("ladder.needs.<layer>", "what must be on file before the layer gets a ticket", ("proposal",), words=("ripeness", "field")),
    names("ladder.decided_with.<layer>", "what a decision of the layer must bring", ("minutes",)),
    names(
        "ladder.pass_up",
        "what a lead that cannot settle a matter must bring to pass it up; none: it cannot",
        ("reason", "tried", "proposal"),
        words=("ripeness", "field"),
    ),
    names(
        "complaint_centre.classes",
        "classes of which the centre submits what is major to the complaint supervision centre; none: never",
        words=("category",),
    ),
    names("complaint_centre.grounds", "what makes such a matter major"),
    Key(
        "complaint_centre.meeting",
        Kind.TEXT,
        "the kind of joint meeting with whose minutes the complaint centre decides",
        words=("meeting_kind",),
    ),
    limit("proposal", "the lead files its proposal for the next layer"),
    limit("layer_forward", "the office passes on what a lead or a layer could not settle"),
    limit("layer_decision", "the body of a layer decides"),
)
