"""What of a recording is somebody's: by where a value stands, by what it is called, and by how it looks.

A value of an API is masked unless it is known to be the site's: it has the form of an identifier, the site's
own code holds it, or its decoder compares with it. That way round nothing has to be recognised to be safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs

from cdp_relay.recording.redaction.kinds import Kind
from cdp_relay.recording.redaction.leaves import Family, Leaf, Where
from cdp_relay.recording.redaction.masks import mask
from cdp_relay.recording.redaction.names import Place, kind_of_name, tells_nothing

__all__ = [
    "SAYING",
    "Kept",
    "Knowledge",
    "is_prose",
    "judge",
    "may_be_prompt",
    "may_be_said",
    "named_kind",
    "told_by",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LETTER = re.compile(r"[^\W\d_]")
_WORD_AND_MARK = re.compile(r"[A-Za-z']{2,}[.!?,;:]+")
_TECHNICAL = re.compile(
    r"Mozilla/\d.*|[\w.+*-]+/[\w.+*-]+(?:\s*[;,].*)?|\d{4}-\d\d-\d\d[ T][\d:.,+Z -]*"
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} \w+|[MmZzLlHhVvCcSsQqTtAa\d., -]+",
    re.DOTALL,
)
_CAPITALISED = re.compile(r"[A-Z][a-z'’-]+|[A-Z][a-z]+(?:[A-Z][a-z]+)?")
_PROPER_NAMES = re.compile(r"[^\W\d_a-z][\w'’-]*(?:,? [^\W\d_a-z][\w'’-]*){1,5}")
"""``Anna Lind``, ``Berlin, Deutschland``: what a page is given of somebody stands in its scripts too."""
_JUST_WORDS = re.compile(r"[A-Za-z'.-]+(?: [A-Za-z'.-]+)+")
_PLAIN_WORD = re.compile(r"[A-Za-z]{4,}")
_WORDS = re.compile(r"[^\W_]+")
_WORDLY = re.compile(r"[A-Za-z][a-z]*(?:[ _-][A-Za-z][a-z]*)*")
_BOOLEAN = re.compile(r"true|false|null|undefined|on|off|-?\d{1,4}(?:\.\d{1,3})?", re.IGNORECASE)
_AS_IT_STANDS = re.compile(r"\w+_\w+")
"""A literal that nobody would say, such as ``finished_successfully``."""

_WORDY = _words(
    "answer caption comment completion content custom_instructions description display_content headline"
    " input instructions markdown message note partial_json prompt question query quote reason reply"
    " response snippet subject subtitle summary text thinking thought thoughts title transcript"
)
"""Keys whose values somebody says, even a single word."""
_NEVER_SAID = _words("type status role kind event o op p path object content_type channel recipient author")
"""Keys whose values nobody says, even where they are a word of the answer's."""
_REFUSING = frozenset(("error", "errors", "detail", "error_message"))
_OURS = _words(
    "class code detail event finish_reason kind message model next_step param site source step at_seconds"
)
"""What the relay's own events say of themselves."""
_TOLD = frozenset(("text", "arguments"))

_SAID_IN = _words(
    "alt aria-description aria-label aria-placeholder aria-roledescription aria-valuetext content"
    " data-placeholder label placeholder summary title value"
)
"""Attributes that a page shows or reads aloud."""
_SHAPED_IN = re.compile(
    r"class|role|type|style|d|points|transform|viewbox|xmlns.*|width|height|fill.*|stroke.*|rel|media|lang|dir"
    r"|tabindex|target|method|enctype|charset|http-equiv|property|for|js\w+|ng-.*|_ng.*|data-test-?id|data-state"
    r"|contenteditable|spellcheck|autocomplete|integrity|sizes|srcset|imagesizes|imagesrcset|loading|slot|part"
    r"|shadowrootmode|aria-(?!label$|desc|placeholder|roledesc|valuetext).*|allow|sandbox|accept|pattern|on\w+"
)
"""Attributes that say how a page is made."""
_QUIET_INPUTS = re.compile(r"type\s*=\s*[\"']?(?:hidden|radio|checkbox|submit|button|reset)", re.IGNORECASE)
_QUIET_META = re.compile(
    r"viewport|theme-color|color-scheme|robots|charset|referrer|generator", re.IGNORECASE
)


@attrs.define(eq=False)
class Kept:
    """Words that may stay, because the person said so."""

    _texts: list[str] = attrs.field(factory=list, init=False)
    _shapes: list[str] = attrs.field(factory=list, init=False)
    """The same without anything but words, as they are when a page shows them."""

    def add(self, text: str) -> None:
        """These may stay, and every part of them."""
        if text.strip() and text not in self._texts:
            self._texts.append(text)
            self._shapes.append(_shape(text))

    def holds(self, said: str) -> bool:
        """Whether these words are among them."""
        if not self._texts:
            return False
        if any(said in text for text in self._texts):
            return True
        shape = _shape(said)
        return bool(shape.strip()) and any(shape.strip() in one for one in self._shapes)


def _shape(text: str) -> str:
    return f" {' '.join(_WORDS.findall(text))} "


@attrs.define(eq=False)
class Knowledge:
    """What is known of a recording as a whole."""

    known: frozenset[str] = frozenset()
    """What the site's decoder and definition compare with."""
    words: set[str] = attrs.field(factory=set)
    """What the site's own code holds."""
    properties: set[str] = attrs.field(factory=set)
    """What it calls parts of its objects: pages are given objects as flat lists, names and values alike."""
    families: set[Family] = attrs.field(factory=set)
    """Values that somebody says, such as the pieces of an answer."""
    kept: Kept = attrs.field(factory=Kept)
    shown: set[str] = attrs.field(factory=set, init=False)
    """Those of them that were met where anybody's words could stand."""

    def is_sites(self, said: str) -> bool:
        """Whether this is the site's own."""
        bare = said.strip()
        if bare in self.known or bare in self.words:
            self.shown.add(bare)
            return True
        return False

    def is_property(self, said: str) -> bool:
        """Whether the site's code calls a part of its objects by this name."""
        if said in self.properties:
            self.shown.add(said)
            return True
        return False


def is_prose(said: str) -> bool:
    """Whether somebody says this: it has blanks between its words, letters beyond ASCII, or ends as
    sentences do."""
    if said.isascii():
        if not _LETTER.search(said):
            return False
        if not any(one.isspace() for one in said):
            return _WORD_AND_MARK.fullmatch(said) is not None
        return _TECHNICAL.fullmatch(said) is None
    return mask(said) != said or any("\ue000" <= one <= "\uf8ff" for one in said)


_PLACES: dict[Where, Place] = {
    "attribute": "attribute",
    "code": "json",
    "cookie": "cookie",
    "field": "form",
    "header": "header",
    "json": "json",
    "number": "json",
    "query": "query",
    "storage": "storage",
}


def named_kind(leaf: Leaf) -> Kind | None:
    """What a value is by its name alone."""
    place = _PLACES.get(leaf.where)
    return kind_of_name(place, leaf.name) if place and leaf.name else None


def judge(leaf: Leaf, knowledge: Knowledge) -> Kind | None:
    """What a value is of somebody's; None when it may stay as it is."""
    said = leaf.value
    if not said.strip() or leaf.where == "key":
        return None
    if leaf.family[:1] == ("heard",):
        return _judge_heard(leaf, knowledge)
    kind = named_kind(leaf)
    if kind is not None and kind not in ("text", "name"):
        if leaf.where == "cookie":
            return kind
        is_word = _WORDLY.fullmatch(said) is not None and knowledge.is_sites(said)
        return None if is_word or tells_nothing(said) else kind
    if leaf.where == "number":
        return None
    if not _SAYS.get(leaf.where, _says_in_text)(leaf, knowledge, kind is not None):
        return None
    if leaf.family not in knowledge.families and knowledge.is_sites(said):
        return None
    return None if knowledge.kept.holds(said) else kind or "text"


def _judge_heard(leaf: Leaf, knowledge: Knowledge) -> Kind | None:
    said = leaf.value
    if leaf.name in _OURS:
        return None
    if leaf.name in _TOLD:
        return None if knowledge.kept.holds(said) else "text"
    kind = named_kind(leaf)
    if kind is None and not is_prose(said):
        return None
    return None if knowledge.is_sites(said) or knowledge.kept.holds(said) else kind or "text"


SAYING: tuple[Where, ...] = ("json", "text", "field", "query")
"""Where values of one family may be words that somebody says."""


def may_be_said(leaf: Leaf) -> bool:
    """Whether somebody's words may stand there at all."""
    return leaf.where in SAYING and leaf.name not in _NEVER_SAID and not refuses(leaf)


def may_be_prompt(leaf: Leaf) -> bool:
    """Whether a value that a page sends may be what the person typed."""
    if leaf.where not in ("json", "text", "field") or named_kind(leaf) is not None:
        return False
    return is_prose(leaf.value) or leaf.name in _WORDY or leaf.name in ("", "parts")


def refuses(leaf: Leaf) -> bool:
    """Whether a value is of the site's reasons why it does not answer; they are told by its own words."""
    token = leaf.token
    below = token is not None and token.place.is_below(_REFUSING)
    return below or leaf.setting.is_error or leaf.name in _REFUSING


def _says_in_json(leaf: Leaf, knowledge: Knowledge, named: bool) -> bool:
    said = leaf.value
    bare = said.strip()
    if refuses(leaf):
        return False
    if leaf.family in knowledge.families:
        return bare not in knowledge.known or _AS_IT_STANDS.fullmatch(bare) is None
    if _BOOLEAN.fullmatch(bare):
        return False
    token = leaf.token
    if named or is_prose(said) or leaf.name in _WORDY:
        return True
    if _CAPITALISED.fullmatch(bare):
        return True
    if token is None or token.name or _PLAIN_WORD.fullmatch(bare) is None:
        return False
    return not knowledge.is_property(bare)


def _says_in_code(leaf: Leaf, knowledge: Knowledge, named: bool) -> bool:
    said = leaf.value
    if named and (is_prose(said) or _CAPITALISED.fullmatch(said)):
        return True
    return _PROPER_NAMES.fullmatch(said) is not None


def _says_in_markup(leaf: Leaf, knowledge: Knowledge, named: bool) -> bool:
    return True


def _says_in_attribute(leaf: Leaf, knowledge: Knowledge, named: bool) -> bool:
    facts = leaf.piece.facts if leaf.piece is not None else ""
    if _SHAPED_IN.fullmatch(leaf.name):
        return False
    if leaf.name == "content" and _QUIET_META.search(facts):
        return False
    if leaf.name == "value" and _QUIET_INPUTS.search(facts) and not is_prose(leaf.value):
        return False
    return named or leaf.name in _SAID_IN or is_prose(leaf.value)


def _says_in_storage(leaf: Leaf, knowledge: Knowledge, named: bool) -> bool:
    return not _BOOLEAN.fullmatch(leaf.value)


def _says_in_header(leaf: Leaf, knowledge: Knowledge, named: bool) -> bool:
    return named or not leaf.value.isascii() or _JUST_WORDS.fullmatch(leaf.value) is not None


def _says_in_text(leaf: Leaf, knowledge: Knowledge, named: bool) -> bool:
    if leaf.setting.is_error:
        return False
    return named or leaf.name == "file" or is_prose(leaf.value) or leaf.family in knowledge.families


def _says_in_path(leaf: Leaf, knowledge: Knowledge, named: bool) -> bool:
    return is_prose(leaf.value)


_SAYS = {
    "json": _says_in_json,
    "code": _says_in_code,
    "markup": _says_in_markup,
    "attribute": _says_in_attribute,
    "storage": _says_in_storage,
    "header": _says_in_header,
    "path": _says_in_path,
    "fragment": _says_in_path,
}


_TELLING_CHARS = 8
"""A text that is shorter stands in numbers and ids by chance."""


def told_by(values: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether values of one family tell one of these texts: piece by piece, from its start on, or whole."""
    values = [value for value in values if value.strip()]
    joined = "".join("".join(values).split())
    for text in texts:
        whole = "".join(text.split())
        if not whole:
            continue
        if any(whole == "".join(value.split()) for value in values):
            return True
        holds = joined == whole or (len(whole) >= _TELLING_CHARS and whole in joined)
        if len(joined) <= 4 * len(whole) + 64 and (holds or (len(joined) > 2 and joined in whole)):
            return True
        grows = sum(len(value) > 2 and whole.startswith("".join(value.split())) for value in values)
        if grows * 2 > len(values):
            return True
    return False
