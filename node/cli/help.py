"""
Help pages in the language of the session: typer and its parts speak English, and name Python's types.

``rich_utils`` takes longer to load than most commands take to run, so it is loaded for a help page only.
"""

import re
from typing import Any

from typer._click import Context, HelpFormatter
from typer.core import TyperCommand, TyperGroup, TyperOption

from node.texts.catalogue import Lang, text

# Constants of typer's help pages, and the texts that take their places.
_HEADINGS = ("ARGUMENTS_PANEL_TITLE", "OPTIONS_PANEL_TITLE", "COMMANDS_PANEL_TITLE", "REQUIRED_LONG_STRING")
# What typer writes into a usage line, by the name of our text.
_USAGE = (("Usage: ", "usage"), ("[OPTIONS]", "options"), ("COMMAND [ARGS]...", "command"))


class _Speaks:
    """What a verb and a noun have in common; ``lang`` is set by ``speaking``."""

    lang: Lang

    def _prepare(self, params: list[Any]) -> None:
        from typer import rich_utils

        for name in _HEADINGS:
            setattr(rich_utils, name, text(f"cli.panel.{name.lower()}", self.lang))
        for param in params:
            if param.metavar is None or param.param_type_name == "argument":
                param.__dict__["display_type_rich"] = _nothing

    def _usage(self, line: str) -> str:
        for theirs, ours in _USAGE:
            line = line.replace(theirs, text(f"cli.panel.{ours}", self.lang), 1)
        return re.sub(r"\{([A-Z|-]+)\}", r"\1", line)

    def _translated(self, option: TyperOption | None) -> TyperOption | None:
        if option is not None:
            option.help = text("cli.panel.help", self.lang)
        return option


def _nothing(**_: Any) -> None:
    """An argument's name and a flag say by themselves what is wanted; "str" and "bool" are the program's words."""


class Verb(_Speaks, TyperCommand):
    """A verb with its help page."""

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the page."""
        self._prepare(self.get_params(ctx))
        super().format_help(ctx, formatter)

    def get_usage(self, ctx: Context) -> str:
        """The usage line."""
        return self._usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        """``--help``."""
        return self._translated(super().get_help_option(ctx))


class Noun(_Speaks, TyperGroup):
    """A noun, or the program itself, with its help page; *order* are the names that come first, in their order."""

    order: tuple[str, ...] = ()

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the page."""
        self._prepare(self.get_params(ctx))
        super().format_help(ctx, formatter)

    def get_usage(self, ctx: Context) -> str:
        """The usage line."""
        return self._usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        """``--help``."""
        return self._translated(super().get_help_option(ctx))

    def list_commands(self, ctx: Context) -> list[str]:
        """Verbs and nouns in the order of their groups: what is done daily first."""
        places = {name: place for place, name in enumerate(self.order)}
        return sorted(super().list_commands(ctx), key=lambda name: places.get(name, len(places)))


def speaking(lang: Lang, order: tuple[str, ...]) -> tuple[type[Verb], type[Noun]]:
    """The classes of verbs and nouns in *lang*."""
    return type("Verb", (Verb,), {"lang": lang}), type("Noun", (Noun,), {"lang": lang, "order": order})
