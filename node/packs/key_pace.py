"""The schema's rows for opening windows, and for what a ticket is timed by besides signing, handling and deciding."""

from node.packs.key import Bound, Key, Kind, choice, limit, names

PACE = (
    Key("opening.workday", Kind.WINDOWS, "when somebody is there on a working day", required=True),
    Key("opening.saturday", Kind.WINDOWS, "on a Saturday that is no working day; silent: closed"),
    Key("opening.sunday", Kind.WINDOWS, "on a Sunday that is no working day; silent: closed"),
    Key("opening.holiday", Kind.WINDOWS, "on a Monday to Friday that is off; silent: closed"),
    limit("register", "staff enter an appeal after its receipt", required=False, least=0, bound=Bound.AT_MOST),
    limit("contact", "the handler talks with the appellant", required=False, bound=Bound.AT_MOST),
    choice("contact.starts_on", "what starts the contact limit", "registered", "signed"),
    choice("contact.after_hours", "from when it counts if that lies outside the opening windows", "at_once", "next_opening"),
    limit("enter_handling.<complexity>", "from registration until the lead has signed, beside the limit of the case", required=False),
    limit("progress_report.<complexity>", "the lead reports to enterprise and centre, again and again while it is open", required=False),
    limit("settlement", "a matter put to the leader is settled, or carried over with a reason", required=False),
    names("settlement.layers", "the layers of the local ladder whose matters are", words=("layer",)),
    limit("monthly_check", "a leader who took a matter on checks its progress, again and again", required=False),
    limit("onsite_session", "he works on it on site, again and again", required=False),
    limit("quarterly_analysis", "he has it analysed, again and again", required=False),
    names(
        "plan.complexities",
        "complexities of which a solution plan with a date meets the limit and sets the next one",
        words=("complexity",),
    ),
    names(
        "preliminary_reply.complexities", "complexities of which a preliminary reply promises the date of the result", words=("complexity",)
    ),
    names("preliminary_reply.grounds", "why a preliminary reply is given in place of the result"),
    names(
        "statutory_limit.complexities",
        "complexities that a law may time, and of which it is said whether they can be solved",
        words=("complexity",),
    ),
)
