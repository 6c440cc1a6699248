"""
Taking over lists from files: units and people, the duty list, enterprises, summary lists, ledgers, hotline exports, old tickets.

One reader for every file (``reader``), one plan for every kind (``plan``), one module a kind.  A kind only says which columns it
has and which commands a row stands for; each command takes the one road (``Handler.carry_out``), all of a file in one transaction:
one faulty row, and nothing is imported.  Every fault of a file is named at once, with row, column and what to do.  A dry run does
the very same and rolls it back, so what it says is what the import will say.
"""

from collections.abc import Mapping

from node.services.imports import duties, enterprises, hotline, legacy, messages, offline, summary, units
from node.services.imports.plan import Kind

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        units.KIND, duties.KIND, enterprises.KIND, summary.KIND, offline.KIND, hotline.KIND, legacy.KIND, messages.KIND,
    )
}  # fmt: skip
