"""The provider contract: what one site's pair of files has to say, and nothing else.

``providers/<name>.toml`` is read into a :class:`SiteDefinition` (addresses, selectors, insertion
ladder, states, limits: data, which a user may override key by key). ``providers/<name>.py`` defines
one subclass of :class:`Provider` named ``SiteProvider``; its decoder is sans-IO.

Providers import this module, ``cdp_relay.chat.vocabulary``, ``cdp_relay.errors`` and
``cdp_relay.wire``. Nothing imports a provider by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol
from urllib.parse import quote, unquote, urlsplit

import attrs

from cdp_relay.chat.vocabulary import Drift, FinishReason, Notice, ReasoningDelta, TextDelta, TextRetracted
from cdp_relay.errors import GenerationFailed, RateLimited, RelayError, SignedOut, SiteOverloaded

__all__ = [
    "AnswerEnded",
    "AttachmentRule",
    "ControlRule",
    "ConversationSeen",
    "DecoderEvent",
    "FileSeen",
    "HandedOff",
    "Insertion",
    "ModelOffer",
    "ModelSeen",
    "Pacing",
    "Pages",
    "Provider",
    "RenderedAnswer",
    "RungLimit",
    "Selectors",
    "SiteDefinition",
    "SiteFailed",
    "StateRule",
    "StepLimits",
    "StreamDecoder",
    "Submission",
    "SubmissionRule",
    "TidyRule",
    "TitleSeen",
    "UsageSeen",
]


# --- what a decoder says -------------------------------------------------------------------------


@attrs.frozen
class ConversationSeen:
    """The site named the conversation, or the answer's message in it, or both."""

    conversation_id: str | None
    message_id: str | None = None


@attrs.frozen
class ModelSeen:
    """The site named the model that answers; a later one corrects an earlier one."""

    model: str


@attrs.frozen
class TitleSeen:
    """The site gave the conversation a title; the last one counts."""

    title: str


@attrs.frozen(kw_only=True)
class FileSeen:
    """The site made an image or a file; the relay fetches it as the page would.

    Only what belongs to the answer: no drafts of images, no sources that were read, and never an address
    that the model wrote. The same address and sign twice is one file.
    """

    url: str
    """Absolute, or relative to the page. ``data:`` is allowed; empty when only the page can tell."""
    sign: str = ""
    """A text by which the page's own address of the file is known, such as the file's id: once the page
    shows the file there, it is fetched from there, and otherwise from ``url``."""
    name: str = ""
    """A file name; made up from the address and the type when empty."""
    media_type: str = ""
    """What the server says when empty."""
    description: str = ""
    patience_seconds: float = 20.0
    """How long the page may take to show it, where there is a ``sign``."""


@attrs.frozen
class HandedOff:
    """The rest of the answer comes over a WebSocket, under this topic."""

    topic: str


@attrs.frozen(kw_only=True)
class UsageSeen:
    """The site counted the turn's tokens; the last count is the one that the client gets.

    As in :class:`cdp_relay.chat.vocabulary.Usage`, reasoning is part of the completion.
    """

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0


@attrs.frozen
class AnswerEnded:
    """The site said, by a sign of its own, that the answer is whole."""

    finish_reason: FinishReason = FinishReason.STOP


@attrs.frozen
class SiteFailed:
    """The site said that there will be no (whole) answer."""

    error: RelayError


DecoderEvent = (
    TextDelta
    | TextRetracted
    | ReasoningDelta
    | ConversationSeen
    | ModelSeen
    | TitleSeen
    | FileSeen
    | HandedOff
    | UsageSeen
    | AnswerEnded
    | SiteFailed
    | Notice
    | Drift
)


class StreamDecoder(Protocol):
    """Turns the bytes of one turn into events. Sans-IO: no clock, no log, no waiting.

    How the bytes are cut never changes what comes out (joined text, joined reasoning, the other
    events in order). Time and memory are linear in the bytes. Unknown shapes come out as
    :class:`Drift` and are skipped; nothing in a stream makes a decoder raise but an outgrown limit
    (:class:`cdp_relay.errors.ProtocolViolation`).
    """

    def feed(self, data: bytes) -> Iterator[DecoderEvent]:
        """Take the next bytes of the answer's response body."""
        ...

    def feed_frame(self, text: str) -> Iterator[DecoderEvent]:
        """Take one text message of a WebSocket that the definition's ``sockets`` name."""
        ...

    def end_body(self) -> Iterator[DecoderEvent]:
        """The response body ended (not the answer: more may come by socket or a resumed body).

        A later ``feed`` starts a further body of the same turn. Text that was held back because
        it could have changed is given out here.
        """
        ...

    def resume(self, request: bytes) -> None:
        """The page asks for the rest of a body that broke; the next ``feed`` is of that.

        A browser can withhold from its page what it has already shown to us, so the page may ask
        for a part again that was decoded before: *request*, its request's body, says from where.
        """
        ...


@attrs.frozen(kw_only=True)
class Submission:
    """What a page's own request says that it sends: the proof of what left the browser."""

    prompt: str | None
    """The text of the user's message, or None when the body does not show it."""
    conversation_id: str | None = None
    message_id: str | None = None
    model: str | None = None
    attachments: int | None = None
    """How many files go along; None when the body does not show it."""
    temporary: bool | None = None
    """Whether the chat is one that the site does not keep; None when the body does not show it."""
    wishes: Mapping[str, str | float | tuple[str, ...]] = attrs.field(factory=dict)
    """What the body shows of the wishes that the page has controls for, by the names of ``controls``:
    ``effort``, ``system``, ``temperature`` ..., in the words that a client wishes with (``high``, not the
    site's name for it); a name that is missing was not shown."""


# --- a site's definition, as data ----------------------------------------------------------------


def _patterns(values: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(value) for value in values)


def _check_patterns(
    _: object, attribute: attrs.Attribute[Any], value: str | tuple[str, ...] | Mapping[str, str]
) -> None:
    patterns = (value,) if isinstance(value, str) else value
    for pattern in patterns.values() if isinstance(patterns, Mapping) else patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{attribute.name}: {pattern!r} is not a regular expression: {error}") from None


@attrs.frozen(kw_only=True)
class Pages:
    """Addresses. ``{base}`` stands for the address of a site that the relay serves itself."""

    new_chat: str
    new_chat_with_model: str | None = None
    """As ``new_chat``, with ``{model}``; None when the address cannot choose a model."""
    temporary_chat: str | None = None
    """The address of a new chat that the site does not keep; ``{model}`` works in it, too. None when
    there is none, or when only a control leads to it (``controls.temporary``)."""
    conversation: str | None = None
    """The address of a chat, with ``{id}``."""
    named_seconds: float = 0.0
    """How long after its first answer a chat may take to get that address, on a site that names its chats
    nowhere else; 0 where requests or answers name them."""
    sign_in: str | None = None
    """Where a person signs in; None for a site that needs no account."""
    hosts: tuple[str, ...] = ()
    """Hosts that the tab may be on while it works; elsewhere it has been led away."""
    chat_paths: tuple[str, ...] = attrs.field(default=(".*",), validator=_check_patterns)
    """Regular expressions (full match) of paths where a new chat may find itself after sending."""


@attrs.frozen(kw_only=True)
class Selectors:
    """Ranked alternatives for each control; the first that is visible counts, and its rank is logged."""

    composer: tuple[str, ...]
    """The real editor, never a placeholder that is shown before hydration."""
    send: tuple[str, ...]
    stop: tuple[str, ...]
    attachment: tuple[str, ...] = ()
    """Attachment chips in the composer; all that match count, each file once."""
    attachment_remove: tuple[str, ...] = ()
    dismiss: tuple[str, ...] = ()
    """Controls that close harmless notices (a tour, news), pressed before anything else. Never one that
    agrees to something."""
    signed_in: tuple[str, ...] = ()
    """Something only a signed-in page has; empty when there is no such thing."""


@attrs.frozen(kw_only=True)
class RungLimit:
    """What a rung of the insertion ladder can carry well."""

    chars: int | None = None
    newlines: int | None = None


@attrs.frozen(kw_only=True)
class Insertion:
    """How a prompt is put into the composer."""

    ladder: Mapping[str, tuple[str, ...]]
    """Rungs in order, by the kind of editor found: ``prosemirror``, ``lexical``, ``quill``,
    ``textarea``, ``contenteditable``. Rungs: ``drop`` (text/plain), ``drop-html`` (text/plain and
    text/html as a ProseMirror slice), ``paste`` (the clipboard, saved and restored),
    ``insert-text`` (``Input.insertText``), ``file`` (the prompt goes as an attached text file, with a
    line in the composer that says so; needs ``attachments``)."""
    limits: Mapping[str, RungLimit] = attrs.field(factory=dict)
    """By rung; a rung whose limit a prompt exceeds is tried after all the others."""
    piece_chars: int = attrs.field(default=0)
    """``insert-text`` in pieces of so many characters; 0 puts all in at once."""
    attachment: Literal["undo", "use"] = "undo"
    """What to do when the site turns the text into an attachment by itself."""
    max_chars: int | None = None
    """The longest prompt that the composer takes; a longer one goes as a file where the ladder has that
    rung, and is refused where it has not."""


_WAYS = ("input", "chooser", "drop")


def _check_ways(_: object, attribute: attrs.Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    for way in value:
        if way not in _WAYS:
            raise ValueError(f"{attribute.name}: {way!r} is none of {', '.join(_WAYS)}")


@attrs.frozen(kw_only=True)
class AttachmentRule:
    """How files get into the composer, and which."""

    ways: tuple[str, ...] = attrs.field(default=(), validator=_check_ways)
    """In order: ``input`` (set on the page's own file input), ``chooser`` (press ``open`` and answer the
    file chooser), ``drop`` (drag files over ``drop``). Empty: the site takes no files."""
    input: tuple[str, ...] = ()
    """File inputs, usually hidden; the first that exists and whose ``accept`` allows the file counts."""
    open: tuple[tuple[str, ...], ...] = ()
    """Controls to press in turn until the file chooser opens; each with its alternatives."""
    drop: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    """Media types (``image/*``, ``application/pdf``) and endings (``.md``) that the site takes; empty
    leaves the refusal to the site."""
    max_bytes: int | None = None
    """Of one file."""
    max_files: int | None = None
    busy: tuple[str, ...] = ()
    """Shown, inside the page, for as long as an upload goes on."""
    seconds: float = 60.0
    """How long the uploads may take, all together."""


@attrs.frozen(kw_only=True)
class ControlRule:
    """A control of the page that carries a wish: the model, the effort, the temperature, ...

    The value that shows afterwards is read back and compared; the page's request proves it once more.
    """

    kind: Literal["text", "number", "list", "switch", "choice"]
    """``text``: a field; ``number``: a field or a slider's field; ``list``: entries ended by Enter;
    ``switch``: on or off; ``choice``: one of the items that ``control`` opens."""
    control: tuple[str, ...]
    open: tuple[tuple[str, ...], ...] = ()
    """Pressed in turn while ``control`` is not visible (a panel, a menu); each with its alternatives."""
    close: tuple[str, ...] = ()
    """Pressed when done; where it is empty, Escape closes what had to be opened."""
    current: tuple[str, ...] = ()
    """``choice``: where the chosen item is named; ``control`` itself when empty."""
    current_attribute: str | None = None
    """The attribute that names it; its text when None."""
    items: tuple[str, ...] = ()
    """``choice``: the items, once open; ``list``: the entries that are there."""
    item_attribute: str | None = None
    """The attribute by which an item is known; its text when None."""
    item_pattern: str = attrs.field(default="(.+)", validator=_check_patterns)
    """Searched for in what an item is known by; its first group is the item's name in the list of models."""
    more: tuple[tuple[str, ...], ...] = ()
    """``choice``: controls that open further items, pressed only when the wanted one is not there yet."""
    remove: tuple[str, ...] = ()
    """``list``: controls that remove an entry."""
    values: Mapping[str, str] = attrs.field(factory=dict, validator=_check_patterns)
    """``choice`` and ``switch``: for a wished value (in lower case), a regular expression (full match, case
    ignored) of the item and of what ``current`` shows then, or of the state (``on``, ``off``); a value that
    is not listed has to be the item itself. An item may be a slider, whose places are gone through."""
    default: str | None = None
    """Put back for a turn that wishes nothing, after one that did; None leaves it, but for ``system``,
    ``stop`` and ``temporary``, which never outlive the turn that wished them."""


@attrs.frozen(kw_only=True)
class TidyRule:
    """How a chat that is open is archived or deleted on its page."""

    steps: tuple[tuple[str, ...], ...]
    """Pressed in turn, each with its alternatives: the chat's menu, the item, and what confirms it. It is
    done when the page has left the chat's address."""


@attrs.frozen(kw_only=True)
class RenderedAnswer:
    """Where the page shows its answers: the last rung of capture, and a check on the others."""

    turn: tuple[str, ...] = ()
    """The containers of the site's turns (not the person's); the last one in the document counts."""
    content: tuple[str, ...] = ()
    """Inside it, the blocks that are the answer, all of them in order; the container itself when empty."""
    exclude: tuple[str, ...] = ()
    """Inside those, what is not the answer: buttons, headings for screen readers, thoughts."""
    files: tuple[str, ...] = ()
    """Images and links, wherever on the page, that are files of an answer; with these a ``FileSeen.sign`` is
    looked for only there, and not among what was shown before the sending."""
    thinking: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    """Shown while the answer is being written, beside the stop control."""
    done: tuple[str, ...] = ()
    """Inside the container, or after it: shown once the answer is whole."""
    math: Literal["dollars", "brackets"] = "dollars"
    """How the site's models write mathematics: ``$…$`` and ``$$…$$``, or ``\\(…\\)`` and ``\\[…\\]``."""


@attrs.frozen(kw_only=True)
class Pacing:
    """How often the relay may ask the site, so that it stays a good guest."""

    gap_seconds: float = 2.0
    """From the last prompt's leaving, and from the end of its turn, to the next prompt, on any of the
    site's tabs; 0 for none."""
    per_hour: int = 120
    """Prompts within any hour; 0 for no limit."""


@attrs.frozen(kw_only=True)
class SubmissionRule:
    """How the page's own request for an answer is recognised."""

    paths: tuple[str, ...] = attrs.field(validator=_check_patterns)
    """Regular expressions, full match on the URL's path; a group ``(?P<conversation>...)`` says where it
    names the chat."""
    hosts: tuple[str, ...] = ()
    """Hosts that take the page's requests; the page's own (``pages.hosts``) when empty."""
    resume_paths: tuple[str, ...] = attrs.field(default=(), validator=_check_patterns)
    """Requests by which the page goes on with an answer whose stream broke."""
    sockets: tuple[str, ...] = attrs.field(default=(), validator=_check_patterns)
    """WebSocket URLs (search) whose messages may carry the answer."""
    grace_seconds: float = 5.0
    """After this time without a request, the send control is pressed once more."""
    enter: bool = True
    """Whether a trusted Enter sends, as the second way."""


@attrs.frozen(kw_only=True)
class StateRule:
    """A state of the page that stops work, and how it is seen in the DOM."""

    code: str
    """The ``code`` of an error of ``cdp_relay.errors`` (``signed_out``, ``challenge``, ...)."""
    url: str | None = None
    """A regular expression searched for in the page's address."""
    selector: tuple[str, ...] = ()
    """Any visible element that matches; with ``text``, one whose text matches as well."""
    text: str | None = None
    """A regular expression (case ignored) for the element's text, at most ``text_max`` characters long."""
    text_max: int = 600
    title: str | None = None
    """A regular expression searched for in the document's title."""
    unless: tuple[str, ...] = ()
    """Visible elements that rule the state out."""
    message: str = ""
    """A sentence for the person; the class's own when empty."""
    after_seconds: float = 0.0
    """How long it has to stay before it counts (challenges often clear by themselves)."""


@attrs.frozen(kw_only=True)
class StepLimits:
    """Time limits of a turn's steps, in seconds."""

    open_seconds: float = 30.0
    ready_seconds: float = 30.0
    controls_seconds: float = 30.0
    """For all controls that a turn's wishes need, together."""
    compose_seconds: float = 30.0
    submit_seconds: float = 45.0
    first_byte_seconds: float = 120.0
    """From the prompt's leaving to the first byte of the response's body."""
    idle_seconds: float = 300.0
    """Between two bytes."""
    recover_seconds: float = 30.0
    """How long the page may take to go on by itself with a stream that broke."""
    stop_seconds: float = 5.0
    total_seconds: float = 3600.0
    fresh_seconds: float = 600.0
    """How long a new chat that was opened ahead of its turn may stand unused: sessions expire, and sites
    deploy new builds. With 0 none is opened ahead."""


@attrs.frozen(kw_only=True)
class ModelOffer:
    """A model that the site is known to offer; ``id`` is what a client asks for, after the site's name."""

    id: str
    label: str = ""
    menu: str = attrs.field(default="", validator=_check_patterns)
    """A regular expression (full match, case ignored) of the item in ``controls.model``; the id or the
    label itself when empty."""
    wire: str = attrs.field(default="", validator=_check_patterns)
    """A regular expression (full match) of the names that the site's requests and answers have for it;
    the id itself when empty."""
    efforts: tuple[str, ...] = ()
    """Efforts that it is listed with, as ``id:effort``."""


@attrs.frozen(kw_only=True)
class SiteDefinition:
    """All that is data about a site."""

    name: str
    title: str
    pages: Pages
    selectors: Selectors
    insertion: Insertion
    submission: SubmissionRule
    order: int = 50
    """Sites are listed and preferred by rising order."""
    attachments: AttachmentRule = attrs.field(factory=AttachmentRule)
    controls: Mapping[str, ControlRule] = attrs.field(factory=dict)
    """By wish: ``model``, ``effort``, ``temporary``, ``system``, ``temperature``, ``max_output_tokens``,
    ``stop``."""
    answer: RenderedAnswer = attrs.field(factory=RenderedAnswer)
    tidy: Mapping[str, TidyRule] = attrs.field(factory=dict)
    """By what is done: ``archive``, ``delete``; a site without an entry keeps its chats."""
    pacing: Pacing = attrs.field(factory=Pacing)
    stamps: Mapping[str, str] = attrs.field(factory=dict)
    """Build stamps for reports: a name, and ``SELECTOR@ATTRIBUTE`` where the page says it."""
    states: tuple[StateRule, ...] = ()
    limits: StepLimits = attrs.field(factory=StepLimits)
    models: tuple[ModelOffer, ...] = ()
    any_model: bool = False
    """Whether model names beyond ``models`` may be asked for."""


# --- a site's code -------------------------------------------------------------------------------


_MODEL_QUERY = re.compile(r"&[^?&=]+=\{model\}|(?<=\?)[^?&=]+=\{model\}&|\?[^?&=]+=\{model\}$")
"""The part of an address that names the model, with the sign that joins it to the rest."""


class Provider:
    """One site: its definition, its stream format, and its few unusual moves.

    A provider module defines a subclass named ``SiteProvider``. Only :meth:`new_decoder` and
    :meth:`read_submission` have to be written.
    """

    def __init__(self, site: SiteDefinition) -> None:
        self.site = site
        self.base = ""
        """The address of the site that :meth:`open_site` serves; empty for the others."""
        self._paths = _patterns(site.submission.paths)
        self._resume_paths = _patterns(site.submission.resume_paths)
        self._sockets = _patterns(site.submission.sockets)

    # what a site's module writes

    def new_decoder(self) -> StreamDecoder:
        """Return a decoder for one turn."""
        raise NotImplementedError

    def read_submission(self, body: bytes) -> Submission | None:
        """Say what a request that matched ``submission.paths`` sends; None when it sends no prompt."""
        raise NotImplementedError

    def read_model(self, headers: Mapping[str, str]) -> str | None:
        """Say which model a submission asks for, on sites where a header tells it and not the body.

        Args:
          headers: of the request, names in lower case.
        """
        del headers
        return None

    def open_site(self) -> AbstractAsyncContextManager[str] | None:
        """Serve the site itself, for sites that the relay brings along; yields the base address."""
        return None

    def is_stream(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether the response to a submission is an answer, and not a refusal or a page to look at.

        Args:
          headers: names in lower case.
        """
        return 200 <= status < 300 and "text/html" not in headers.get("content-type", "")

    def file_url(self, url: str, submitted: str) -> str:
        """The address of a file that the answer's decoder named.

        Args:
          url: what the decoder said.
          submitted: the address of the prompt's request, which may name the account and the chat.
        """
        del submitted
        return url

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> RelayError:
        """Turn a refused submission (status other than 200, or no stream) into an error.

        Args:
          headers: names in lower case.
        """
        del body
        retry_after = headers.get("retry-after", "")
        seconds = float(retry_after) if retry_after.isdigit() else None
        if status == 401:
            return SignedOut(f"{self.site.title} says that nobody is signed in (HTTP 401).")
        if status == 429:
            return RateLimited(
                f"{self.site.title} refuses more requests for now (HTTP 429).", retry_after_seconds=seconds
            )
        if status in (502, 503, 504):
            return SiteOverloaded(
                f"{self.site.title} is overloaded (HTTP {status}).", retry_after_seconds=seconds
            )
        return GenerationFailed(f"{self.site.title} answered the prompt with HTTP {status}.")

    # what every site has in common

    def new_chat_url(self, model: str | None) -> str:
        """The address of a new chat, with the model in it where the site's address can say that."""
        pages = self.site.pages
        if model is not None and pages.new_chat_with_model is not None:
            return self._filled(pages.new_chat_with_model, model)
        return self._filled(pages.new_chat, None)

    def temporary_chat_url(self, model: str | None) -> str | None:
        """The address of a new chat that the site does not keep; None when no address leads to one."""
        template = self.site.pages.temporary_chat
        return None if template is None else self._filled(template, model)

    def _filled(self, template: str, model: str | None) -> str:
        if model is None:
            template = _MODEL_QUERY.sub("", template)
        return template.replace("{model}", quote(model or "", safe="")).replace("{base}", self.base)

    def conversation_url(self, conversation_id: str) -> str | None:
        """The address of a chat that the site named."""
        template = self.site.pages.conversation
        if template is None:
            return None
        id_ = self.id_in_address(conversation_id)
        return template.replace("{base}", self.base).replace("{id}", quote(id_, safe=""))

    def conversation_at(self, url: str) -> str | None:
        """The chat that a page's address is of; None for a new one, and for other pages."""
        template, page = self.site.pages.conversation, _page(url)
        if template is None or page == _page(self.new_chat_url(None)):
            return None
        before, _, after = template.replace("{base}", self.base).partition("{id}")
        found = re.fullmatch(f"{re.escape(before)}([^/]+){re.escape(after)}", page)
        return unquote(found[1]) if found else None

    def id_in_address(self, conversation_id: str) -> str:
        """A chat's id as its address has it, for sites that say it in another way on the wire."""
        return conversation_id

    def is_submission(self, method: str, url: str) -> bool:
        """Whether a request is the page's own request for an answer."""
        return method == "POST" and self._on_site(url, self._paths)

    def submitted_conversation(self, url: str) -> str | None:
        """The chat that the address of a submission names."""
        for pattern in self._paths:
            found = pattern.fullmatch(urlsplit(url).path)
            if found and "conversation" in pattern.groupindex:
                return unquote(found["conversation"])
        return None

    def is_resume(self, method: str, url: str) -> bool:
        """Whether a request goes on with an answer whose stream broke."""
        return method in ("GET", "POST") and self._on_site(url, self._resume_paths)

    def is_stop(self, method: str, url: str) -> bool:
        """Whether a request stops the answer, on sites whose stream ends then as if it were whole."""
        del method, url
        return False

    def is_socket(self, url: str) -> bool:
        """Whether a WebSocket may carry the answer."""
        return any(pattern.search(url) for pattern in self._sockets)

    def is_home(self, url: str) -> bool:
        """Whether the tab is still on a page of this site."""
        parts = urlsplit(url)
        return (parts.hostname or "") in self.hosts

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that belong to the site."""
        if self.base:
            return (urlsplit(self.base).hostname or "",)
        return self.site.pages.hosts

    def _on_site(self, url: str, patterns: tuple[re.Pattern[str], ...]) -> bool:
        parts = urlsplit(url)
        hosts = self.site.submission.hosts or self.hosts
        return (parts.hostname or "") in hosts and any(p.fullmatch(parts.path) for p in patterns)


def _page(url: str) -> str:
    """An address without its query and fragment."""
    return re.split("[?#]", url, maxsplit=1)[0]
