"""
Bringing a node's database to this program: its schema first, then everything folded anew, so that what an older program set
aside takes effect.  A database of a newer program is left as it is (FEDERATION 5, T20).
"""

from node.domain.refusal import Code, Refusal
from node.storage.database import Database
from node.storage.migrate import NEWEST, is_newer, revision, upgrade


def check_schema(database: Database) -> None:
    """
    Need the schema to be this program's own.

    Raises:
        Refusal: SCHEMA_OLD, SCHEMA_NEW.
    """
    current = revision(database)
    if current != NEWEST:
        code = Code.SCHEMA_NEW if is_newer(current) else Code.SCHEMA_OLD
        raise Refusal(code, current=current or "", newest=NEWEST)


def bring_up(database: Database) -> str:
    """
    Apply the migrations that are missing, in one transaction, and return the revision that was there before.

    Raises:
        Refusal: SCHEMA_NEW; SCHEMA_OLD, if there is no node's schema at all.
    """
    before = revision(database)
    if before is None or is_newer(before):
        check_schema(database)
    upgrade(database)
    return before or ""
