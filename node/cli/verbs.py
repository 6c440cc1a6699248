"""
How a function becomes a verb: it gets its ``Session`` first, and every verb takes the same common options, before or after
its name.
"""

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer

from node.cli import help
from node.cli.console import DEFAULT_DATA, Parts, Session
from node.texts.catalogue import LANGS, Lang, catalogue, text

Verb = Callable[..., None]
# Beside the verb's own parameters, so they have names that no field of a command has.
_COMMON = ("common_data", "common_account", "common_lang", "common_json", "common_debug")


# Where verbs and nouns stand on the program's own help page.
GROUPS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "status",
            "overview",
            "ticket",
            "find",
            "desk",
            "enterprise",
            "meeting",
            "leader",
            "order",
            "policy",
            "paper",
            "letter",
            "appraisal",
            "contest",
            "task",
            "round",
            "progress",
            "tally",
            "inbox",
            "vote",
            "ledger",
            "summary",
        ),
        "daily",
    ),
    **dict.fromkeys(("init", "invite", "join", "serve"), "begin"),
    **dict.fromkeys(("unit", "account", "duty", "directory", "node", "link", "lane", "pack", "calendar", "import", "export"), "order"),
    "hook": "order",
    **dict.fromkeys(("backup", "restore", "recover", "verify", "reconcile", "rebuild", "upgrade"), "care"),
    **dict.fromkeys(("demo", "bench", "simulate"), "trial"),
}


def _not_meant() -> None:
    """Stands where a verb would that the command line does not name."""


def language(name: str | None) -> Lang:
    """The catalogue for what somebody calls a language; Chinese unless it is English."""
    wanted = (name or os.environ.get("QYZJ_LANG") or "").replace("_", "-").lower()
    return next((lang for lang in LANGS if wanted and lang.lower().startswith(wanted.partition(".")[0].partition("-")[0])), LANGS[0])


class Verbs:
    """
    Makes verbs in one language.  Of those that no word of the command line names (*said*; None: any may be) only name and
    help are made: to make all of them takes longer than to carry out most.
    """

    def __init__(self, parts: Parts, lang: Lang, said: frozenset[str] | None = None) -> None:
        self.parts = parts
        self.lang = lang
        self._said = said
        self._verb, self.noun = help.speaking(lang, tuple(GROUPS))
        self._nouns: dict[typer.Typer, str] = {}

    def group(self, parent: typer.Typer, name: str) -> typer.Typer:
        """A noun below *parent*."""
        app = typer.Typer(cls=self.noun, no_args_is_help=True, add_completion=False, rich_markup_mode="rich")
        self._nouns[app] = name
        parent.add_typer(app, name=name, help=self.help(f"noun.{name}"), rich_help_panel=self.help(f"group.{GROUPS[name]}"))
        return app

    def add(self, app: typer.Typer, name: str, function: Verb, help: str = "", *, key: str = "", group: str = "") -> None:
        """
        Add *function* as the verb *name*; its first parameter gets the session.  *help* is the text itself, or *key* (else the
        name) is one of section ``cli.help``.  *group* is the part of the noun's page that it stands in.
        """
        called = f"{self._nouns[app]}-{name}" if app in self._nouns else name
        help = help or self.help(f"help.{key or name}")
        self.add_made(app, name, lambda: function, help, group=group or GROUPS.get(name, ""), verb=called)

    def add_made(self, app: typer.Typer, name: str, make: Callable[[], Verb], help: str, *, group: str = "", verb: str = "") -> None:
        """Add what *make* gives as the verb *name*, made only if the command line may mean it.  *verb* owns its options' texts."""
        is_meant = self._said is None or name in self._said
        panel = self.help(f"group.{group}") if group else None
        app.command(name, cls=self._verb, help=help, rich_help_panel=panel)(self._wrapped(make(), verb or name) if is_meant else _not_meant)

    def root(self, app: typer.Typer) -> None:
        """Let the common options stand before the verb, too."""

        def common(ctx: typer.Context, **given: Any) -> None:
            ctx.obj = {name: value for name, value in given.items() if value}

        self._sign(
            common,
            [
                inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
                *self._options(reads_environment=True),
            ],
        )
        app.callback(help=self.help("help.qyzj"))(common)

    def help(self, key: str) -> str:
        """A text of the command line."""
        return text(f"cli.{key}", self.lang)

    def option(self, name: str, owner: str = "") -> str:
        """
        Help for an option of *owner*, a verb ("ticket-list") or a command class: the owner's own text, else that of all options of
        this name, else the name of the field, else nothing.
        """
        entries = catalogue(self.lang)
        own = entries.get(f"cli.option.{owner}.{name}") or entries.get(f"label.{owner}.{name}")
        return own or entries.get(f"cli.option.{name}") or entries.get(f"field.{name}") or ""

    def _wrapped(self, function: Verb, verb: str) -> Callable[..., None]:
        own = [self._explained(one, verb) for one in list(inspect.signature(function, eval_str=True).parameters.values())[1:]]

        @functools.wraps(function)
        def wrapper(ctx: typer.Context, **values: Any) -> None:
            given = dict(ctx.obj or {})
            given |= {name: value for name in _COMMON if (value := values.pop(name))}
            function(self._session(given), **values)

        context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        self._sign(wrapper, [context, *own, *self._options()])
        return wrapper

    def _explained(self, parameter: inspect.Parameter, verb: str) -> inspect.Parameter:
        """*parameter* with the help of its option or argument, where it has none of its own."""
        kind, *infos = get_args(parameter.annotation) if get_origin(parameter.annotation) is Annotated else (parameter.annotation,)
        told = [copy(info) for info in infos]
        for info in told:
            info.help = info.help or self.option(parameter.name, verb)
        return parameter.replace(annotation=Annotated[kind, *told]) if told else parameter

    def _session(self, given: dict[str, Any]) -> Session:
        return Session(
            parts=self.parts,
            data=Path(given.get("common_data") or DEFAULT_DATA),
            lang=language(given["common_lang"]) if given.get("common_lang") else self.lang,
            as_json=given.get("common_json", False),
            account=given.get("common_account", ""),
            is_debug=given.get("common_debug", False),
        )

    def _options(self, *, reads_environment: bool = False) -> list[inspect.Parameter]:
        """The common options; the environment counts once, before what is typed behind the verb."""

        def parameter(name: str, flag: str, kind: type, metavar: str | None = None, environment: str | None = None) -> inspect.Parameter:
            option = typer.Option(
                flag,
                metavar=metavar,
                envvar=environment if reads_environment else None,
                help=self.option(flag.removeprefix("--")),
                rich_help_panel=self.help("panel.common"),
                show_envvar=False,
                show_default=False,
            )
            return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, option], default=kind())

        return [
            parameter("common_data", "--data", str, "DIR", "QYZJ_DATA"),
            parameter("common_account", "--as", str, "ACCOUNT[:ROLE]", "QYZJ_AS"),
            parameter("common_lang", "--lang", str, "zh-CN|en", "QYZJ_LANG"),
            parameter("common_json", "--json", bool),
            parameter("common_debug", "--debug", bool),
        ]

    def _sign(self, function: Any, parameters: list[inspect.Parameter]) -> None:
        """Give *function* the signature that the command line is made from."""
        ordered = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) if one.name != "ctx" else one for one in parameters]
        function.__signature__ = inspect.Signature(ordered)
        function.__annotations__ = {one.name: one.annotation for one in ordered}
        if hasattr(function, "__wrapped__"):
            del function.__wrapped__
