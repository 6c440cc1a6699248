"""Bringing a database to this program's schema, and saying where it stands (Alembic; the scripts are the package ``migrations``)."""

from importlib import resources
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from node.storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

# The newest migration; a test holds it against the scripts.  Reading them takes longer than most commands.
NEWEST = "0012_pre_dossier_words"


def upgrade(database: Database) -> None:
    """Apply every migration that is missing."""
    from alembic import command

    with database.write() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def is_newer(found: str | None) -> bool:
    """True if *found* comes after what this program knows: revisions begin with their number."""
    return found is not None and found.partition("_")[0] > NEWEST.partition("_")[0]


def alembic_config() -> "Config":
    """Where Alembic finds the scripts."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("migrations")))
    return config
