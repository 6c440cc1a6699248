"""The schema's rows for supervision: the ladder on a running limit, orders, proposals, lists."""

from node.domain.order.record import ADDRESSEES, FORMS, GROUNDS, MEASURES, TALK_TRIGGERS
from node.domain.ticket.supervision_ladder import STARTS
from node.packs.key import Key, Kind, flag, limit, names, number

SUPERVISION = (
    names("urging.clocks", "the kinds of limits that the ladder of supervision follows, where a unit owes them"),
    names("urging.rungs", "the steps of the ladder, in order; none: there is no ladder", MEASURES),
    Key("urging.<measure>.on", Kind.CHOICE, "what sets the step off", among=STARTS),
    Key("urging.<measure>.to", Kind.CHOICE, "whom the step addresses", among=ADDRESSEES),
    Key("urging.<measure>.form", Kind.CHOICE, "the form of its order", among=FORMS, words=("supervision_form",)),
    limit("rung.<measure>", "how long after what sets it off; silent: at once", required=False),
    names("urging.proposed", "the steps that are only proposed, for a person to decide", MEASURES, words=("measure", "rung")),
    number("urging.repeats_max", "how often the last step comes again while the limit stays open", most=250),
    flag("urging.in_order", "no step may be ordered by hand before the one below it"),
    limit("supervision_reply", "receipt and answer of a supervision order"),
    limit("supervision_close", "whoever issued the order closes it, or returns the answer"),
    limit("proposal_decision", "a proposed measure is adopted or declined"),
    limit("progress_answer", "the lead says how far it is, when asked"),
    Key("supervision.number_form", Kind.TEXT, "the number of an order: prefix, year and serial in braces", required=True),
    names("supervision.measures", "what may be ordered by hand", MEASURES),
    names("supervision.grounds", "on what ground", GROUNDS),
    names("supervision.forms", "in what form", FORMS),
    names("supervision.results", "what an order may be closed with", required=True),
    names("supervision.receipt_suffices", "the measures that ask for a receipt and no answer", MEASURES, words=("measure", "rung")),
    flag("supervision.below_standard_opens", "a revisit that finds the standard not met opens an order against the lead"),
    names("supervision.complaint_classes", "the classes whose tickets count as complaints", words=("category",)),
    number("supervision.complaints", "so many complaints on one topic or target are concentrated; 0: nobody counts"),
    number("supervision.complaint_days", "within so many days", least=1),
    number("supervision.rework_rounds", "after so many reworks a dissatisfied appellant is a ground; 0: nobody counts"),
    names("talk.triggers", "on what a talk with the unit is proposed; none: no talks", TALK_TRIGGERS),
    number("talk.quarters", "last in the evaluation for so many quarters in a row is a trigger", least=1),
    names("tolerance.rules", "the rules on which an accountability proposal may be answered with a claim of tolerance"),
)
