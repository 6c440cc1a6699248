"""A page of a long list."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True)
class Page:
    """
    Where one stands in a list of *count* rows: page *number*, 1 and up, of *size* rows each.

    ``path`` and ``query`` are those of the list; the page number goes into the query as ``parameter``, so that an address may say where
    several lists stand.  ``is_more``: there are more rows than *count*, which were not counted.
    """

    number: int
    size: int
    count: int
    path: str
    query: Mapping[str, str | list[str]]
    is_more: bool = False
    parameter: str = "page"

    @property
    def pages(self) -> int:
        """How many pages there are; 1 for an empty list."""
        return max((self.count + self.size - 1) // self.size, 1)

    @property
    def has_next(self) -> bool:
        """True if a page follows."""
        return self.is_more or self.number < self.pages

    @property
    def skipped(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * self.size

    def url(self, number: int) -> str:
        """The address of page *number* with every condition of the list."""
        return f"{self.path}?{urlencode([*self._pairs(), (self.parameter, str(number))])}"

    def _pairs(self) -> list[tuple[str, str]]:
        rows = ((name, value if isinstance(value, list) else [value]) for name, value in self.query.items() if name != self.parameter)
        return [(name, one) for name, values in rows for one in values if one]
