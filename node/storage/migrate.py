"""Bringing a database to this program's schema, and saying where it stands (Alembic; the scripts are the package ``migrations``)."""

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from node.storage.database import Database


def upgrade(database: Database) -> None:
    """Apply every migration that is missing."""
    with database.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(database: Database) -> tuple[str | None, str | None]:
    """The revision that the database is at, and the newest that this program knows."""
    with database.read() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("migrations")))
    return config
