"""
A page with what was typed put back into its form.

The page is one of this node's own, already filled by its template; here the values of one form's controls are set to what was sent, and
nothing else of it changes.  What finds no place any more is told, so that the page can show it apart.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from node.services.kept_forms import KeptForm
from node.web.files import CHOSEN, COME

# Hidden controls that say what was seen and which sending this is; all others are the page's own.
_HIDDEN = frozenset({"seen", "command_id"})
# Never told as missing: the page's own, and which rows of a board were ticked or shown.
_MACHINE = frozenset({"csrf", "kept", "kept_as", "draft", "back", "then", "do", "revision", COME, CHOSEN, *_HIDDEN})
_ROWS = frozenset({"row", "own", "shown", "only", "suggested", "model"})
_UNTOUCHED = frozenset({"password", "file", "submit", "button", "reset", "image"})

Attributes = dict[str, str | None]


@dataclass
class _Control:
    """A start tag that takes a value: where it stands, and what it is."""

    tag: str
    start: int
    end: int
    attributes: Attributes
    # Of an area and of a part that can be folded: where it ends.  Of a select: its options.
    text_end: int = 0
    options: list["_Control"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.attributes.get("name") or ""

    @property
    def kind(self) -> str:
        return (self.attributes.get("type") or "text").lower() if self.tag == "input" else self.tag

    @property
    def value(self) -> str:
        return self.attributes.get("value") or ("on" if self.kind in ("checkbox", "radio") else "")


@dataclass
class _Form:
    """A form of the page: its own tag, its controls, and what hides parts of it."""

    tag: _Control
    controls: list[_Control] = field(default_factory=list)
    details: list[_Control] = field(default_factory=list)

    def takes(self, kept: KeptForm, page: str) -> bool:
        """True if it is sent to where *kept* was sent."""
        action = urlsplit(self.tag.attributes.get("action") or page).path
        return (self.tag.attributes.get("method") or "get").lower() == "post" and action == urlsplit(kept.path).path


def refill(html: str, page: str, kept: KeptForm) -> tuple[str, Mapping[str, tuple[str, ...]]]:
    """
    *html*, the page at the path *page*, with *kept* in its form; and what of *kept* has no place in it, by field.

    Of several forms with one address it is the one that has most of the fields, and then most of the hidden values.
    """
    reader = _Reader(html)
    forms = [one for one in reader.forms if one.takes(kept, page)]
    if not forms:
        return html, {name: values for name, values in kept.fields.items() if _is_told(name) and any(values)}
    form = max(forms, key=lambda one: _likeness(one, kept.fields))
    edits, placed = _edits(form, kept.fields)
    edits.append((form.tag.end, form.tag.end, f'<input type="hidden" name="kept" value="{escape(kept.id)}">'))
    for start, end, said in sorted(edits, reverse=True):
        html = html[:start] + said + html[end:]
    pressed = {one.name for one in form.controls if one.tag == "button" or one.kind in _UNTOUCHED or one.kind == "hidden"}
    left = {}
    for name, values in kept.fields.items():
        rest = tuple((Counter(one for one in values if one) - placed[name]).elements()) if name in placed else tuple(filter(None, values))
        if rest and _is_told(name) and name not in pressed:
            left[name] = rest
    return html, left


def _is_told(name: str) -> bool:
    return name not in _MACHINE and name.partition(":")[0] not in _ROWS


def _likeness(form: _Form, fields: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    names = {one.name for one in form.controls}
    same = sum(one.value in fields.get(one.name, ()) for one in form.controls if one.kind == "hidden")
    return len(names & set(fields)), same


def _edits(form: _Form, fields: Mapping[str, Sequence[str]]) -> tuple[list[tuple[int, int, str]], dict[str, Counter[str]]]:
    """What is written where, as (start, end, text), and which values found their place."""
    edits: list[tuple[int, int, str]] = [
        (part.start, part.end, _tag(part, open=None))
        for part in form.details
        if any(part.start < one.start < part.text_end and any(fields.get(one.name, ())) for one in form.controls)
    ]
    placed: dict[str, Counter[str]] = {}
    waiting = {name: list(values) for name, values in fields.items()}
    for one in form.controls:
        given = fields.get(one.name, ())
        if not one.name or one.tag == "button" or one.kind in _UNTOUCHED or (one.kind == "hidden" and one.name not in _HIDDEN):
            continue
        here = placed.setdefault(one.name, Counter())
        if one.kind in ("checkbox", "radio"):
            is_on = one.value in given
            # A browser sends nothing of a box that is not ticked, but of a group of which nothing was chosen the page knows better.
            if is_on or one.kind == "checkbox":
                edits.append((one.start, one.end, _tag(one, **({"checked": None} if is_on else {}), without="checked")))
            here.update([one.value] if is_on else [])
        elif one.tag == "select":
            chosen = {option.value for option in one.options} & set(given)
            if chosen:
                for option in one.options:
                    marks = {"selected": None} if option.value in chosen else {}
                    edits.append((option.start, option.end, _tag(option, **marks, without="selected")))
            here.update(chosen)
        elif waiting.get(one.name):
            value = waiting[one.name].pop(0)
            here.update([value])
            if one.tag == "textarea":
                # The first end of line behind the tag is the tag's own.
                edits.append((one.end, one.text_end, "\n" + escape(value, quote=False)))
            else:
                edits.append((one.start, one.end, _tag(one, value=value)))
    return edits, placed


def _tag(one: _Control, without: str = "", **more: str | None) -> str:
    """The start tag of *one* with these attributes set."""
    attributes = {name: value for name, value in one.attributes.items() if name != without} | more
    said = "".join(f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<{one.tag}{said}>"


class _Reader(HTMLParser):
    """Finds the forms of a page with their controls and where these stand; changes nothing."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[_Form] = []
        self._lines = [0]
        for line in html.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self._form: _Form | None = None
        self._select: _Control | None = None
        self._area: _Control | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._here()
        one = _Control(tag, start, start + len(self.get_starttag_text() or ""), dict(attrs))
        if tag == "form":
            self._form = _Form(one)
            self.forms.append(self._form)
        if self._form is None:
            return
        if tag in ("input", "textarea", "select", "button"):
            self._form.controls.append(one)
        if tag == "textarea":
            self._area = one
        elif tag == "select":
            self._select = one
        elif tag == "option" and self._select is not None:
            self._select.options.append(one)
        elif tag == "details":
            self._form.details.append(one)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            self._area.text_end = self._here()
            self._area = None
        elif tag == "select":
            self._select = None
        elif tag == "details" and self._form is not None:
            part = next((one for one in reversed(self._form.details) if not one.text_end), None)
            if part is not None:
                part.text_end = self._here()
        elif tag == "form":
            self._form = None

    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column
