"""Rows of the schema for intake beyond channels and classes: matters, groups, occasions, offers; and for the enterprise file."""

from node.domain.organisation import Role
from node.domain.service_groups import KINDS
from node.packs.key import Key, Kind, limit, names

_COMPLETABLE = (
    "external_number", "field", "matter", "topic", "appeal_kind", "enterprise", "category", "credit_code",
    "title", "name", "phone", "address",
)  # fmt: skip


def _flag(pattern: str, meaning: str) -> Key:
    return Key(pattern, Kind.FLAG, meaning)


NEEDS = (
    names(
        "intake.complete_fields",
        "what must be there before a ticket is formed; until then the need is to be completed",
        _COMPLETABLE,
        words=("field",),
    ),
    names("intake.matters", "the matters that an appeal may be about; silent: any"),
    names("matter.topics.<matter>", "what a matter is told apart by", words=("appeal_kind", "topic")),
    names("matter.natures", "what an appeal may be: problem, suggestion", words=("appeal_kind", "topic")),
    names(
        "channel.roles.<channel>", "the roles that may use the channel; silent: all", tuple(role.value for role in Role), words=("role",)
    ),
    names("intake.desk_required", "channels in which the window or desk must be given", words=("channel",)),
    names("intake.caller_required", "channels in which the caller's number must be given, or that he withheld it", words=("channel",)),
    names(
        "intake.appointed_only", "channels in which somebody from outside files within the term of his appointment only", words=("channel",)
    ),
    names("intake.found_channels", "channels in which a need is found, not reported", words=("channel",)),
    names("intake.common_channels", "channels in which one appeal may be made for several enterprises", words=("channel",)),
    names("finders.<channel>", "who finds needs by the channel; it must be given there", words=("finder",)),
    names("occasions.kinds", "the kinds of events at which needs are gathered"),
    names("channel.occasions.<channel>", "the kinds of events or shifts of which the channel must name one", words=("occasion_kind",)),
    names("digest.channels", "channels that the daily digest of the office lists"),
    names("verification.results", "what the office may hear when it verifies a need with the enterprise", words=("verification_result",)),
    limit("verification", "the office verifies a need with the enterprise, where the pack asks for it first", least=0),
    _flag("subjects.local_only", "an enterprise from elsewhere is served only through a native of this place"),
)

GROUPS = (
    names("intake.group_required", "channels in which the service group must be given", words=("channel",)),
    names("channel.groups.<channel>", "the kinds of groups that the channel has", KINDS),
    names(
        "groups.key_enterprise_tags",
        "tags of which an enterprise has one whose head is invited into the key enterprises' group",
    ),
    *(names(f"groups.{kind}", "the service groups of the kind", words=("block", "group")) for kind in KINDS),
    *(Key(f"groups.{kind}_count", Kind.NUMBER, "how many groups of the kind the document names", most=1000) for kind in KINDS),
    Key(
        "group.unit.<group>",
        Kind.TEXT,
        "the unit that the group belongs to, without its node",
        words=("unit_code", "field_of_service", "group"),
    ),
    Key("group.block.<group>", Kind.TEXT, "the industry block of an industry group", is_recorded=True, words=("block", "group")),
    Key("group.parent.<group>", Kind.TEXT, "the town group above a village group", words=("block", "group")),
    names("offer.channels", "channels by which a need is offered to the units of its field and level as it is registered"),
    names("claim.units.<field>", "the units that may claim a need of the field, without their node"),
    limit("claim", "a unit claims what was offered to it"),
)

ENTERPRISES = (
    names("industries.blocks", "the industries or blocks that enterprises are sorted into", required=True, words=("block", "group")),
    names("enterprises.sizes", "the sizes of enterprises; silent: any"),
    names("enterprises.industries", "the industries of enterprises; silent: any"),
    names("enterprises.tags", "the tags that an enterprise may have; silent: any"),
    names("visits.purposes", "why an enterprise is visited or called; silent: any purpose, but one"),
    names("intermediaries.kinds", "the kinds of intermediary bodies in the directory; silent: any"),
    names(
        "completion.introduction_matters",
        "matters that are completed only once somebody was introduced",
        words=("matter", "field_of_service", "red_line"),
    ),
    names("service_package.items", "what small and micro enterprises may draw"),
    names("service_package.sizes", "the sizes of enterprises that may draw", words=("enterprise_size",)),
    names("policy_push.benefit_modes", "how a benefit is enjoyed; silent: any way"),
    names("park.steps", "the steps of a project of the park, from start to production"),
)

INTAKE_DETAILS: tuple[Key, ...] = (*NEEDS, *GROUPS, *ENTERPRISES)
