"""The schema's rows for messages: who is told by which channel, and when no phone rings."""

from node.packs.key import Key, Kind, flag, names, number

NOTIFY = (
    names("notify.appellant", "the channels by which an appellant is told; the page always shows it", ("in_app", "sms")),
    names("notify.staff", "the channels by which staff are told", ("in_app", "email", "robot")),
    flag("triage.suggestions", "the node proposes unit, class and duplicates; a person decides"),
    Key("triage.unit.<function>", Kind.TEXT, "the unit here that stands for a department function of the lexicon"),
    number("milestones.from_workdays", "a matter with a longer handling limit has milestones that are told to the appellant"),
    flag("notify.invite_evaluation", "a completed ticket sends the appellant a link to vote, good for one time"),
    Key("notify.quiet_from", Kind.TEXT, "HH:MM from which no phone rings"),
    Key("notify.quiet_until", Kind.TEXT, "HH:MM until which no phone rings"),
)
