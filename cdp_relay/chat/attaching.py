"""The files of a request, before any page is touched: which go along, under what names, and which can't.

A prompt is one text, so every file is named in it where it stood. A site that takes no files is given
the text of those that are text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import attrs

from cdp_relay.chat.contract import SiteDefinition
from cdp_relay.chat.media import as_text
from cdp_relay.chat.vocabulary import FilePart, Message, Part, TextPart
from cdp_relay.errors import AttachmentRefused, UnsupportedValue
from cdp_relay.page import accepts, plain_names

__all__ = ["Attachment", "FilePlan", "plan_files", "prompt_as_file", "takes_files"]

_PROMPT_FILES = (("prompt.md", "text/markdown"), ("prompt.txt", "text/plain"))


@attrs.frozen(kw_only=True)
class Attachment:
    """A file that goes along, once, however often the request holds it."""

    name: str
    media_type: str
    data: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class FilePlan:
    """What becomes of a request's files."""

    messages: tuple[Message, ...]
    """The request's messages with words in the place of the files."""
    files: tuple[Attachment, ...]
    """To be attached, in the order in which the messages name them."""


def takes_files(site: SiteDefinition) -> bool:
    """Whether files can be attached, and be seen to be."""
    return bool(site.attachments.ways and site.selectors.attachment)


def plan_files(messages: Sequence[Message], site: SiteDefinition, *, of: Sequence[Message] = ()) -> FilePlan:
    """Decide what becomes of the files in *messages*.

    Args:
      of: all messages of the request, of which these are a part; errors count in them.

    Raises:
      AttachmentRefused: the site does not take a file of that kind or size, or not so many; ``param``
        names the part, and the message says what is taken.
      UnsupportedValue: the site takes no files, and this one is no text.
    """
    places = {id(message): index for index, message in enumerate(of or messages)}
    parts = [
        (part, f"messages[{places.get(id(message), i)}].content[{j}]")
        for i, message in enumerate(messages)
        for j, part in enumerate(message.parts)
        if isinstance(part, FilePart)
    ]
    if not parts:
        return FilePlan(messages=tuple(messages), files=())
    if not takes_files(site):
        texts = {id(part): _inlined(part, param, site) for part, param in parts}
        return FilePlan(messages=_worded(messages, texts), files=())
    firsts: dict[bytes, FilePart] = {}
    for part, param in parts:
        _check(part, param, site)
        firsts.setdefault(part.data, part)
    most = site.attachments.max_files
    if most is not None and len(firsts) > most:
        raise AttachmentRefused(
            f"The request holds {len(firsts)} files; {site.title} takes {most} with one prompt.",
            param=parts[-1][1],
        )
    names = dict(zip(firsts, plain_names(part.name for part in firsts.values()), strict=True))
    words = {id(part): f"[file: {names[part.data]}]" for part, _ in parts}
    files = tuple(
        Attachment(name=names[data], media_type=part.media_type, data=data) for data, part in firsts.items()
    )
    return FilePlan(messages=_worded(messages, words), files=files)


def prompt_as_file(prompt: str, site: SiteDefinition, files: Sequence[Attachment]) -> Attachment | None:
    """The prompt as one more file; None where the site would not take it."""
    rule = site.attachments
    data = prompt.encode()
    too_many = rule.max_files is not None and len(files) >= rule.max_files
    if not takes_files(site) or too_many or (rule.max_bytes is not None and len(data) > rule.max_bytes):
        return None
    for name, media_type in _PROMPT_FILES:
        if accepts(rule.accept, name, media_type):
            # After the others, so that it is the one to get a number.
            name = plain_names([*(file.name for file in files), name])[-1]
            return Attachment(name=name, media_type=media_type, data=data)
    return None


def _check(part: FilePart, param: str, site: SiteDefinition) -> None:
    rule = site.attachments
    if not accepts(rule.accept, part.name, part.media_type):
        raise AttachmentRefused(
            f"{site.title} takes no files like {part.name!r} ({part.media_type or 'of no known type'}); "
            f"it takes {', '.join(rule.accept)}.",
            param=param,
            details={"files": [part.name], "accept": list(rule.accept)},
        )
    if rule.max_bytes is not None and len(part.data) > rule.max_bytes:
        raise AttachmentRefused(
            f"{part.name!r} has {len(part.data)} bytes; {site.title} takes files of up to {rule.max_bytes}.",
            param=param,
            details={"files": [part.name], "max_bytes": rule.max_bytes},
        )


def _inlined(part: FilePart, param: str, site: SiteDefinition) -> str:
    text = as_text(part.data)
    if text is None:
        raise UnsupportedValue(
            f"{site.title} takes no files, and {part.name!r} ({part.media_type}) is no text.",
            param=param,
            next_step="Leave the file out, or ask a site that takes files.",
        )
    (name,) = plain_names([part.name])
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    newline = "" if text.endswith("\n") else "\n"
    return f"[file: {name}]\n{fence}\n{text}{newline}{fence}"


def _worded(messages: Sequence[Message], words: Mapping[int, str]) -> tuple[Message, ...]:
    return tuple(
        attrs.evolve(message, parts=_worded_parts(message.parts, words)) if message.files else message
        for message in messages
    )


def _worded_parts(parts: Sequence[Part], words: Mapping[int, str]) -> tuple[Part, ...]:
    """Replace files by words, on lines of their own; what was text stays as it was."""
    text = ""
    after_words = False
    for part in parts:
        if isinstance(part, FilePart):
            gap = "" if not text or text.endswith("\n") else ("\n" if after_words else "\n\n")
            text += gap + words[id(part)]
            after_words = True
        elif part.text:
            text += ("\n\n" if after_words else "") + part.text
            after_words = False
    return (TextPart(text),)
