"""What the tests of the pages share: one browser for the run."""

from tests.web.browser import browser, sit_down

__all__ = ["browser", "sit_down"]
