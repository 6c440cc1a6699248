"""
Enterprise files, one a unified code (FJ25-2.4.4c, FJ23-1.2a).

An enterprise that has a file is not opened again: what the list says of its place, size, industry and block is set where it is
another than before.  Names, addresses and contacts of a known file stay; they have their own history.
"""

from collections.abc import Iterator
from typing import Any

from node.domain.credit_code import Verdict
from node.domain.credit_code import check as check_credit_code
from node.domain.enterprise.filing import OpenEnterprise, UpdateEnterprise
from node.domain.enterprise.record import KINDS, WITHOUT_CODE
from node.domain.payload import Text
from node.services.imports.cells import Cells
from node.services.imports.plan import Kind, Setting, Step, digest_of
from node.services.imports.reader import Columns
from node.services.intake_facts import id_of_code

COLUMNS = Columns(
    {
        "企业名称": "name",
        "统一社会信用代码": "credit_code",
        "类型": "subject_type",
        "行政区划": "division",
        "镇街": "area",
        "规模": "size",
        "行业": "industry",
        "板块": "block",
        "地址": "address",
        "标签": "tags",
        "联系人": "contact",
        "联系电话": "phone",
    },
    required=("name",),
    is_strict=True,
)
# Field, the pack's list of it, and the section of its words.
_LISTED = (
    ("size", "enterprises.sizes", "enterprise_size"),
    ("industry", "enterprises.industries", "industry"),
    ("block", "industries.blocks", "industry_block"),
)


def steps(setting: Setting) -> Iterator[Step]:
    """A file a row, or what changed in the one that there is."""
    seen: dict[str, int] = {}
    opening, updating = setting.actor(OpenEnterprise), setting.actor(UpdateEnterprise)
    for cells in setting.cells():
        cells.need("name")
        kind = setting.code_of("appellant_kind", cells.text("subject_type")) or "enterprise"
        if kind not in KINDS:
            cells.fault("subject_type", "value_unknown", wanted=", ".join(KINDS))
        code = _code(cells, kind)
        key = code or digest_of(kind, cells.text("name"))
        if seen.setdefault(key, cells.row.number) != cells.row.number:
            cells.fault("credit_code" if code else "name", "repeated", wanted=str(seen[key]))
        plain: dict[str, Any] = {name: cells.text(name) for name in ("division", "area")} | _listed(setting, cells)
        phone = cells.phone("phone")
        if cells.faults:
            continue
        file = id_of_code(setting.work, code)
        if file:
            yield Step(cells.row.number, UpdateEnterprise(**plain), updating, subject=file)
            continue
        command = OpenEnterprise(
            name=Text(cells.text("name")),
            subject_type=kind,
            credit_code=code,
            address=cells.contact("address"),
            tags=cells.codes("tags"),
            contact=cells.contact("contact"),
            phone=phone,
            **plain,
        )
        yield Step(cells.row.number, command, opening, key)


def _code(cells: Cells, kind: str) -> str:
    """The code as it is compared; what is wrong with it is said with what it may have been meant to be."""
    said = cells.text("credit_code")
    if not said:
        if kind not in WITHOUT_CODE:
            cells.need("credit_code")
        return ""
    found = check_credit_code(said)
    if found.verdict is Verdict.INVALID:
        cells.fault("credit_code", "credit_code_invalid", wanted=found.suggestion or "")
    return found.normalised


def _listed(setting: Setting, cells: Cells) -> dict[str, str]:
    values = {}
    for name, key, section in _LISTED:
        offered = setting.policy.pack.names(key)
        values[name] = setting.code_of(section, cells.text(name))
        if values[name] and offered and values[name] not in offered:
            cells.fault(name, "value_unknown", wanted=", ".join(offered))
    return values


KIND = Kind("enterprises", COLUMNS, steps)
