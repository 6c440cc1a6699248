"""Alembic migrations, the same for SQLite and PostgreSQL; they ship in the wheel."""
