"""
The build hook of the pages' one foreign script: htmx 2, which lies unminified and minified in the wheel of django-htmx.

It stands beside the image because building is all that it is for; ``pyproject.toml`` names it.  Nothing of that wheel runs, and
without it the build goes on: every page works by forms and links alone.
"""

import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DISTRIBUTION = "django-htmx"
FILES = {"django_htmx/static/django_htmx/htmx-2.min.js": "htmx.min.js"}
TARGET = Path("node/web/static/vendor")


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # generic over the builder's configuration, which it leaves alone
    """Copies the script into the static files before they are packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before each build, an editable one ("editable") too."""
        for copied in copy_static(Path(self.root)):
            self.app.display_info(f"copied {copied}")


def copy_static(root: Path) -> list[str]:
    """Copy the files under *root*; returns their names, none where the distribution is not installed."""
    try:
        source = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return []
    folder = root / TARGET
    folder.mkdir(parents=True, exist_ok=True)
    for inside, name in FILES.items():
        shutil.copyfile(str(source.locate_file(inside)), folder / name)
    return sorted(FILES.values())


if __name__ == "__main__":
    print(*copy_static(Path(__file__).resolve().parent.parent), sep="\n")
