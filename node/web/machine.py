"""The machine that a node runs on, as far as a situation is made of it: room on its disk, days until certificates end."""

import shutil

from federation.credentials import KeyFiles
from node.services.acting import Node


def free_percent(node: Node) -> int:
    """Whole percent of the disk that are free."""
    usage = shutil.disk_usage(node.data_dir)
    return usage.free * 100 // usage.total


def certificate_days(node: Node) -> dict[str, int]:
    """Whole days until each certificate ends; of files that cannot be read nothing is known."""
    try:
        return KeyFiles(node.data_dir / "keys").days_left(node.wall())
    except (OSError, ValueError):
        return {}
