"""Units and the people in them: a row is a unit, or a person in one, with the service groups that he is in (USERS B15)."""

from collections.abc import Iterator

from node.domain.directory import JoinGroup
from node.domain.organisation import Role
from node.domain.registry import OpenAccount, OpenUnit, unit_code
from node.services.imports.cells import Cells
from node.services.imports.plan import Kind, Setting, Step
from node.services.imports.reader import Columns

COLUMNS = Columns(
    {
        "单位编码": "unit",
        "单位名称": "unit_name",
        "单位类型": "unit_kind",
        "账号": "account",
        "姓名": "name",
        "联系电话": "phone",
        "角色": "roles",
        "服务群": "groups",
    },
    required=("unit",),
    is_strict=True,
)
DEPARTMENT = "department"
_ROLES = tuple(role.value for role in Role if role is not Role.NODE)


def steps(setting: Setting) -> Iterator[Step]:
    """Units first, each once; then the people, whose units may be of this file or here already."""
    named: dict[str, str] = {}
    people: dict[str, int] = {}
    later: list[Step] = []
    for cells in setting.cells():
        cells.need("unit")
        unit, name = cells.text("unit"), cells.text("unit_name")
        if name and unit not in named:
            named[unit] = name
            kind = setting.code_of("unit_kind", cells.text("unit_kind")) or DEPARTMENT
            yield Step(cells.row.number, OpenUnit(unit, name, kind), setting.actor(OpenUnit))
        elif name and named[unit] != name:
            cells.fault("unit_name", "contradicts", wanted=named[unit])
        if cells.text("account"):
            later += _person(setting, cells, unit, people)
    yield from later


def _person(setting: Setting, cells: Cells, unit: str, people: dict[str, int]) -> list[Step]:
    cells.need("roles")
    account = cells.text("account")
    if people.setdefault(account, cells.row.number) != cells.row.number:
        cells.fault("account", "repeated", wanted=str(people[account]))
    roles = tuple(setting.code_of("role", said) for said in cells.codes("roles"))
    for role in roles:
        if role not in _ROLES:
            cells.fault("roles", "value_unknown", role, ", ".join(_ROLES))
    command = OpenAccount(account, roles, unit_code(setting.node, unit), cells.contact("name"), cells.phone("phone"))
    if cells.faults:
        return []
    # FJ23-3.2c: an official is in service groups; each is a membership of its own.
    joining = [JoinGroup(group, account) for group in cells.codes("groups")]
    return [Step(cells.row.number, one, setting.actor(type(one)), subject=setting.node) for one in (command, *joining)]


KIND = Kind("units", COLUMNS, steps)
