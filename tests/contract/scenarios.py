"""The table: what every chat site has to do, whatever it looks like.

A scenario sets the scene on one site's replica, asks, and asserts what a client sees and what reached
the site. It raises ``NotApplicable`` where it makes no sense. Those of ``RECORDED`` have recordings as
well, and ask their stage alone what reached the site, so that they play on either.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import attrs
import pytest
import trio

from cdp_relay import errors
from cdp_relay.chat import FinishReason, Message, Role, Step, TextPart
from cdp_relay.chat.vocabulary import ChatChoice, FilePart, FileProduced, Wishes
from cdp_relay.errors import RelayError
from tests.contract.stage import NotApplicable, Stage
from tests.sites.kit.answers import ProducedFile

__all__ = ["DOCUMENTED_SITE", "RECORDED", "SCENARIOS", "Scenario"]

Act = Callable[[Stage], Awaitable[None]]


@attrs.frozen(kw_only=True)
class Scenario:
    """One row of the matrix."""

    name: str
    group: str
    title: str
    act: Act = attrs.field(repr=False)
    limits: Mapping[str, float] = attrs.field(factory=dict)
    """Time limits of the relay that the scenario wants otherwise than the others."""
    alone: bool = False
    """Whether it leaves the relay or its tab in no state for another scenario."""

    def check_plays_on(self, site: str) -> None:
        """Pass over a site that only plays some of the scenarios.

        Raises:
          NotApplicable: this is none of them.
        """
        if site == DOCUMENTED_SITE and self.name not in DOCUMENTED:
            raise NotApplicable(NOT_DOCUMENTED)


SCENARIOS: list[Scenario] = []

DOCUMENTED = frozenset(
    {
        "plain_answer",
        "prompt_exact",
        "thinking",
        "client_stops",
        "stream_cut",
        "moderation",
        "login_redirect",
        "slow_hydration",
        "double_send",
        "renamed_send",
    }
)
"""What the provider that the docs build has to do: it proves the docs, and is no site that is offered."""
DOCUMENTED_SITE = "deepseek"
RECORDED = (
    "plain_answer",
    "nested_code",
    "thinking",
    "unknown_shapes",
    "too_many_requests",
    "stream_cut",
    "client_stops",
)
"""What ``tests/recordings`` holds, of every site but the one that the docs build."""
NOT_DOCUMENTED = "The provider of the docs plays some of the scenarios, which prove the docs."

TEXTS = "Texts, both ways"
STREAMS = "Streams"
REFUSALS = "What the site says instead of an answer"
PERSON = "What needs the person: nothing is sent"
AWKWARD = "Awkward pages: the prompt arrives once"
CONTROLS = "Controls, proven by the page's own request"
FILES = "Files, both ways"


def scenario(group: str, title: str, *, alone: bool = False, **limits: float) -> Callable[[Act], Act]:
    """A decorator that puts a row into the table."""

    def register(act: Act) -> Act:
        name = act.__name__.removeprefix("_")
        row(group, name, title, act, alone=alone, **limits)
        return act

    return register


def row(group: str, name: str, title: str, act: Act, *, alone: bool = False, **limits: float) -> None:
    """Put a row into the table that is one of many alike."""
    alone = alone or group == PERSON
    SCENARIOS.append(Scenario(name=name, group=group, title=title, act=act, limits=limits, alone=alone))


# --- texts ------------------------------------------------------------------------------------------


PROMPT = (
    "def f(x):\n\tif x:\n\n\n\t\treturn  'two  spaces'\n    # café ☕ 漢字 שלום עולם 👩‍👩‍👧‍👦 <b>&amp;</b>"
)
ANSWER = "Here:\n\n```python\n\tx = '`'\n```\n\n| a | b |\n|---|---|\n| 1 | 👍🏽 |\n\nשלום 世界"
NESTED = (
    "Nest:\n\n````markdown\n```sh\n\techo '~~~'  \n```\n````\n\n- a\n\n      deep\n\n"
    "~~~\n\\(x\\) $5 `` ` ``\n~~~"
)
PLAIN = "First paragraph of a plain answer.\n\nAnd the second one, which ends it."


@scenario(TEXTS, "an answer comes whole, with its conversation and its end")
async def _plain_answer(stage: Stage) -> None:
    stage.say(ANSWER, delay=0.02)  # an answer that is over at once comes as one body
    heard = await stage.ask("hello")
    assert heard.text == ANSWER
    assert heard.finished.finish_reason is FinishReason.STOP
    # Some sites name a chat only when they save it, after its first answer.
    assert heard.finished.conversation_id in (stage.conversation_id, None)
    assert heard.finished.capture == "stream"
    assert heard.drifts == []
    assert heard.steps[-1] is Step.FINISHED


@scenario(TEXTS, "a prompt of many lines arrives byte for byte: tabs, blank lines, emoji, right to left")
async def _prompt_exact(stage: Stage) -> None:
    await stage.ask(PROMPT)
    assert stage.prompts == [PROMPT]


@scenario(TEXTS, "system message and history arrive, all of them")
async def _history(stage: Stage) -> None:
    said = [
        (Role.SYSTEM, "Answer in one word."),
        (Role.USER, "What is\n\n6 * 7?"),
        (Role.ASSISTANT, "42"),
    ]
    before = tuple(Message(role=role, parts=(TextPart(text),)) for role, text in said)
    await stage.ask("And 6 * 8?", before=before)
    turn = stage.site.turns[0]
    arrived = f"{turn.wishes.get('system', '')}\n{turn.prompt}"
    places = [arrived.find(text) for text in ("Answer in one word.", "What is\n\n6 * 7?", "42", "And 6 * 8?")]
    assert -1 not in places
    assert places == sorted(places)
    assert len(stage.prompts) == 1


@scenario(TEXTS, "thinking is kept apart from the answer")
async def _thinking(stage: Stage) -> None:
    stage.say("42", thinking=("Let me see.", "It is 6 times 7."))
    heard = await stage.ask("6 * 7?")
    assert heard.text == "42"
    assert "6 times 7" in heard.reasoning


@scenario(TEXTS, "a prompt of 100,000 characters arrives whole, in the composer or as a file")
async def _long_prompt(stage: Stage) -> None:
    line = "  the quick brown fox\tjumps over the lazy dog, again\n"
    prompt = "".join(f"{number:06d}{line}" for number in range(1800))
    assert len(prompt) > 100_000
    heard = await stage.ask(prompt)
    turn = stage.site.turns[0]
    if turn.attachments:
        (file,) = turn.attachments
        assert file.data.decode().strip() == prompt.strip()
    else:
        assert turn.prompt.strip() == prompt.strip()
    assert heard.text


@scenario(TEXTS, "code with fences within fences comes back byte for byte")
async def _nested_code(stage: Stage) -> None:
    stage.say(NESTED)
    assert (await stage.ask("code, please")).text == NESTED


@scenario(TEXTS, "error words inside an answer are only words")
async def _error_words(stage: Stage) -> None:
    words = (
        "Something went wrong. Too many requests. You've reached the maximum length for this conversation. "
        "Just a moment... Your session has expired. You've hit your limit until 3 PM. Claude is overloaded. "
        "Suspicious activity detected. Verify you are human. Upload failed. Choose an account."
    )
    stage.say(words, delay=0.02)
    assert (await stage.ask("say the error words")).text == words


@scenario(TEXTS, "characters cut in two by the network's writes come whole")
async def _split_characters(stage: Stage) -> None:
    text = "漢字 😀 é 👩‍👩‍👧‍👦 שלום " * 6 + "end"
    stage.say(text, write_bytes=7)
    assert (await stage.ask()).text == text


# --- streams ----------------------------------------------------------------------------------------


@scenario(STREAMS, "unknown shapes in the stream are drift, and the answer is whole")
async def _unknown_shapes(stage: Stage) -> None:
    stage.say(ANSWER, unknown=True)
    heard = await stage.ask()
    assert heard.text == ANSWER
    assert heard.drifts


@scenario(STREAMS, "text arrives while the site still writes")
async def _while_written(stage: Stage) -> None:
    text = "first words here, then a gap, and then all of the rest of it follows"
    stage.say(text, hold={"middle"})
    events = await stage.listen()
    heard = await stage.first_words(events)
    await stage.site.held("middle")
    stage.site.release()
    async for event in events:
        heard += getattr(event, "text", "")
    assert heard == text


@scenario(STREAMS, "a client that stops presses the page's stop control, and the tab goes on")
async def _client_stops(stage: Stage) -> None:
    stage.say("a long answer " * 60, delay=0.05)
    events = await stage.listen()
    await stage.first_words(events)
    target = await stage.target()
    left_at = trio.current_time()
    await events.aclose()
    await stage.stopped()
    assert trio.current_time() - left_at < 5
    heard = await stage.ask("again")
    assert heard.text
    assert heard.facts(Step.LEASED)["tab"] == target, "the same tab went on"
    assert stage.prompts == ["hello", "again"]


@scenario(STREAMS, "a client that leaves before the prompt was sent sends nothing", alone=True)
async def _client_leaves(stage: Stage) -> None:
    events = await stage.listen()
    async for event in events:
        if getattr(event, "step", None) is Step.OPENED:
            break
    await events.aclose()
    assert (await stage.ask("again")).text
    assert stage.prompts == ["again"]


@scenario(
    STREAMS,
    "an answer that never begins is a time-out that names its limit",
    first_byte_seconds=1.0,
    idle_seconds=2.0,
)
async def _silent(stage: Stage) -> None:
    stage.state("silent")
    error = await stage.fails(errors.SiteTimeout)
    assert "first_byte_seconds" in error.message
    assert stage.prompts == ["hello"]


@scenario(STREAMS, "a stream that breaks goes on where the page recovers it, or is never taken for whole")
async def _stream_cut(stage: Stage) -> None:
    stage.state("network_lost")
    stage.say(ANSWER)
    with suppress(errors.AnswerIncomplete, errors.GenerationFailed):
        assert (await stage.ask()).text == ANSWER
    assert stage.prompts == ["hello"]


@scenario(STREAMS, "an answer that comes in one flush is whole")
async def _body_only(stage: Stage) -> None:
    stage.state("body_only")
    stage.say(ANSWER)
    assert (await stage.ask()).text == ANSWER


@scenario(STREAMS, "an answer that only the page shows is read off it, and marked")
async def _page_only(stage: Stage) -> None:
    stage.state("page_only")
    stage.say(PLAIN)
    heard = await stage.ask()
    assert heard.text.strip() == PLAIN
    assert heard.finished.capture == "page"
    assert "captured_from_page" in heard.notices


@scenario(STREAMS, "an answer cut at its length says so")
async def _length(stage: Stage) -> None:
    stage.needs("length" not in stage.unavailable, stage.unavailable.get("length", ""))
    stage.say("as far as it goes", finish="length")
    heard = await stage.ask()
    assert (heard.text, heard.finished.finish_reason) == ("as far as it goes", FinishReason.LENGTH)


@scenario(STREAMS, "an answer of megabytes stays whole")
async def _megabytes(stage: Stage) -> None:
    line = "0123456789 été 漢字 😀 and some plain words to fill the line up\n"
    text = line * (1_000_000 // len(line.encode()) + 1) + "end"
    stage.say(text, piece_chars=20_000, rendered="long")
    assert (await stage.ask("a lot, please")).text == text


# --- what the site says instead ----------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _Refuses:
    """The prompt left once, and the client gets this error."""

    state: str
    kinds: tuple[type[RelayError], ...]
    status: int
    options: Mapping[str, Any] = attrs.field(factory=dict)
    seconds: float | None = None

    async def __call__(self, stage: Stage) -> None:
        stage.state(self.state, **self.options)
        error = await stage.fails(*self.kinds)
        assert error.status == self.status
        if self.seconds is not None:
            assert error.retry_after_seconds == pytest.approx(self.seconds, abs=30)
        assert stage.prompts == ["hello"], "it left once, and was never sent again"


@scenario(REFUSALS, "a refusal of the model comes as its words, or as one of content")
async def _refused(stage: Stage) -> None:
    stage.state("refused")
    with suppress(errors.AnswerBlocked):
        heard = await stage.ask()
        assert heard.text
        assert heard.finished.finish_reason in (FinishReason.STOP, FinishReason.CONTENT_FILTER)


row(
    REFUSALS,
    "moderation",
    "an answer that moderation withholds is one of content",
    _Refuses(state="moderation", kinds=(errors.AnswerBlocked,), status=400),
)


@scenario(REFUSALS, "a used-up allowance says when it is back; the next request is refused without asking")
async def _cap(stage: Stage) -> None:
    stage.state("cap", reset_after=600)
    for _ in range(2):
        error = await stage.fails(errors.CapReached)
        assert error.status == 429
        assert error.retry_after_seconds == pytest.approx(600, abs=30)
    assert stage.prompts == ["hello"]
    (status,) = (site for site in stage.relay.status().sites if site.name == stage.name)
    assert (status.state, status.ready) == ("cooling_down", False)


row(
    REFUSALS,
    "cap_in_stream",
    "a used-up allowance that only the stream tells of is one, too",
    _Refuses(state="cap_in_stream", kinds=(errors.CapReached,), status=429),
)
row(
    REFUSALS,
    "too_many_requests",
    "too many requests",
    _Refuses(
        state="too_many_requests",
        kinds=(errors.RateLimited,),
        status=429,
        options={"retry_after": 120},
        seconds=120,
    ),
)


@scenario(REFUSALS, "an overloaded site, which the next request asks again")
async def _overloaded(stage: Stage) -> None:
    stage.state("overloaded")
    error = await stage.fails(errors.SiteOverloaded)
    assert error.status == 503
    stage.calm()
    assert (await stage.ask("again")).text
    assert stage.prompts == ["hello", "again"]


row(
    REFUSALS,
    "generation_failed",
    "an answer that fails in its stream",
    _Refuses(state="generation_failed", kinds=(errors.GenerationFailed,), status=502),
)
row(
    REFUSALS,
    "conversation_too_large",
    "a chat at its maximum length",
    _Refuses(
        state="conversation_too_large", kinds=(errors.ConversationTooLong, errors.PromptTooLong), status=400
    ),
)


@scenario(REFUSALS, "a message that is longer than the site takes")
async def _message_too_long(stage: Stage) -> None:
    stage.state("message_too_long")
    error = await stage.fails(errors.PromptTooLong, parts=("far too long, " * 40,))
    assert error.status == 400
    assert len(stage.prompts) <= 1


row(
    REFUSALS,
    "unusual_activity",
    "unusual activity, as the site calls it",
    _Refuses(
        state="unusual_activity",
        kinds=(errors.ChallengeShown, errors.AccountBlocked, errors.SiteError),
        status=503,
    ),
)


# Alone, as the page may send the prompt after its words were seen, to whatever scene is next.
@scenario(REFUSALS, "a used-up allowance that only the page tells of", alone=True)
async def _cap_banner(stage: Stage) -> None:
    stage.state("cap_banner")
    stage.say(hold={"first-byte"})
    error = await stage.fails(errors.CapReached, errors.RateLimited)
    assert error.status == 429
    assert len(stage.prompts) <= 1


@scenario(REFUSALS, "an answer that fails with words on the page", alone=True)
async def _error_banner(stage: Stage) -> None:
    stage.state("error_banner")
    stage.say(hold={"first-byte"})
    error = await stage.fails(errors.GenerationFailed)
    assert error.status == 502
    assert len(stage.prompts) <= 1


# --- what needs the person --------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _NeedsPerson:
    """The page shows something that only the person can settle."""

    state: str
    kinds: tuple[type[RelayError], ...]

    async def __call__(self, stage: Stage) -> None:
        stage.state(self.state)
        error = await stage.fails(*self.kinds)
        assert error.status == 503
        assert stage.prompts == []


row(PERSON, "logged_out", "nobody is signed in", _NeedsPerson(state="logged_out", kinds=(errors.SignedOut,)))
row(
    PERSON,
    "login_redirect",
    "the site leads to its sign-in",
    _NeedsPerson(state="login_redirect", kinds=(errors.SignedOut, errors.AccountChooser)),
)
row(
    PERSON,
    "account_chooser",
    "the site asks which account to use",
    _NeedsPerson(state="account_chooser", kinds=(errors.AccountChooser,)),
)
row(
    PERSON,
    "consent",
    "terms that want to be accepted",
    _NeedsPerson(state="consent", kinds=(errors.ConsentNeeded,)),
)
row(
    PERSON,
    "challenge",
    "a check that a person is there",
    _NeedsPerson(state="challenge", kinds=(errors.ChallengeShown,)),
    ready_seconds=2.0,
)


# --- awkward pages ----------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _Awkward:
    """The page makes it hard, and the prompt still arrives once."""

    state: str
    options: Mapping[str, Any] = attrs.field(factory=dict)

    async def __call__(self, stage: Stage) -> None:
        stage.state(self.state, **self.options)
        stage.say("fine")
        assert (await stage.ask("only\n\nthis")).text == "fine"
        assert stage.prompts == ["only\n\nthis"]
        assert stage.site.turns[0].attachments == ()


for _state, _title, _options in (
    ("stale_draft", "an old draft in the composer", {}),
    ("left_over_attachment", "a file left over in the composer", {}),
    ("overlay", "something over the page that swallows the first click", {}),
    ("first_click_ignored", "a send control that ignores its first click", {}),
    ("late_enable", "a send control that is enabled late", {}),
    ("duplicate_composer", "a hidden second composer", {}),
    ("localised", "labels in another language", {}),
    ("slow_hydration", "a page that comes alive late", {"milliseconds": 600}),
    ("frozen", "a page that stops painting", {}),
    ("stop_flickers", "a stop control that comes and goes", {}),
    ("alert", "a dialog box of the browser's", {}),
):
    # A box that opens late would block whatever comes next in that tab.
    row(AWKWARD, _state, _title, _Awkward(state=_state, options=_options), alone=_state == "alert")


@scenario(AWKWARD, "a send control without effect is an error, and nothing has left", submit_seconds=4.0)
async def _dead_send(stage: Stage) -> None:
    stage.state("dead_send")
    await stage.fails(errors.SubmitFailed)
    assert stage.prompts == []
    stage.calm()
    assert (await stage.ask("again")).text


@scenario(
    AWKWARD, "a prompt that the page takes and never sends is an error nobody may retry", submit_seconds=4.0
)
async def _never_sends(stage: Stage) -> None:
    stage.state("never_sends")
    error = await stage.fails(errors.SubmitAmbiguous)
    assert not error.retryable
    assert stage.prompts == []


@scenario(AWKWARD, "a page that sends twice is reported")
async def _double_send(stage: Stage) -> None:
    stage.state("double_send")
    heard = await stage.ask()
    assert heard.text
    assert "submission" in [drift.kind for drift in heard.drifts]


@scenario(AWKWARD, "a send control with other attributes: an alternative matches, or Enter sends and says so")
async def _renamed_send(stage: Stage) -> None:
    stage.state("renamed_send")
    heard = await stage.ask()
    assert stage.prompts == ["hello"]
    click = stage.site.journal.entries("click", lambda click: bool(click["what"] == "send"))[0]
    assert click["trigger"] == "click" or "selector" in [drift.kind for drift in heard.drifts]


@scenario(AWKWARD, "a page that crashes in mid answer is an error at once; the next turn works", alone=True)
async def _crash(stage: Stage) -> None:
    stage.say("the first half and the second half", hold={"middle"})
    events = await stage.listen()
    await stage.first_words(events)
    await stage.crash()
    with pytest.raises(errors.PageCrashed) as crashed:
        async for _ in events:
            pass
    assert crashed.value.retryable
    stage.site.release()
    assert (await stage.ask("again")).text
    assert stage.prompts == ["hello", "again"]


# --- controls ---------------------------------------------------------------------------------------


@scenario(CONTROLS, "the model of the label is chosen")
async def _model(stage: Stage) -> None:
    offers = stage.definition.models
    stage.needs(len(offers) > 1, "The definition lists no models.")
    offer = offers[-1]
    await stage.ask(model=f"/{offer.id}")
    sent = stage.site.turns[0].model
    assert sent is not None
    assert re.fullmatch(offer.wire or re.escape(offer.id), sent)


@scenario(CONTROLS, "a model that the site does not offer is refused, and nothing is sent")
async def _model_unknown(stage: Stage) -> None:
    by_address = stage.definition.pages.new_chat_with_model is not None
    stage.needs(not by_address, "The address names the model, and the site may take another one silently.")
    stage.needs("model" in stage.definition.controls, "The page has no control for the model.")
    await stage.fails(errors.ModelUnavailable, model="/no-such-model-9")
    assert stage.prompts == []


@scenario(CONTROLS, "the effort is set")
async def _effort(stage: Stage) -> None:
    stage.needs("effort" in stage.definition.controls, "The page has no control for the effort.")
    least = "none" if "none" in stage.definition.controls["effort"].values else "low"
    first = await stage.ask(wishes=Wishes(effort=least))
    second = await stage.ask(wishes=Wishes(effort="high"))
    sent = [turn.wishes.get("effort") for turn in stage.site.turns]
    assert sent[0] != sent[1]
    assert "wish_differs" not in first.notices + second.notices


@scenario(CONTROLS, "a temporary chat")
async def _temporary(stage: Stage) -> None:
    pages = stage.definition.pages
    stage.needs(
        pages.temporary_chat or "temporary" in stage.definition.controls, "The site has no temporary chats."
    )
    await stage.ask(chat=ChatChoice(temporary=True))
    assert stage.site.turns[0].temporary
    await stage.ask("and a usual one")
    assert not stage.site.turns[1].temporary


@scenario(CONTROLS, "a chat is gone on with, and only what is new is sent")
async def _existing_chat(stage: Stage) -> None:
    stage.needs(stage.definition.pages.conversation, "The site's chats have no addresses.")
    first = await stage.ask("one")
    chat = ChatChoice(conversation_id=first.finished.conversation_id)
    stage.needs(chat.conversation_id, "The site names a chat only when it saves it, after its answer.")
    before = (
        Message(role=Role.USER, parts=(TextPart("one"),)),
        Message(role=Role.ASSISTANT, parts=(TextPart(first.text),)),
    )
    await stage.ask("two", chat=chat, before=before)
    assert stage.prompts == ["one", "two"]
    assert stage.site.turns[1].conversation_id == stage.site.turns[0].conversation_id


@scenario(CONTROLS, "a chat that is gone is an error of its own, and nothing is sent", alone=True)
async def _chat_gone(stage: Stage) -> None:
    stage.needs(stage.definition.pages.conversation, "The site's chats have no addresses.")
    stage.state("conversation_gone")
    chat = ChatChoice(conversation_id="00000000-0000-4000-8000-00000000dead")
    await stage.fails(errors.ConversationNotFound, chat=chat)


# --- files ------------------------------------------------------------------------------------------


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf"
    "c0000003010100c9fe92ef0000000049454e44ae426082"
)
NO_FILES = "The definition has no way for files."


@scenario(FILES, "an image arrives with the prompt")
async def _image_in(stage: Stage) -> None:
    stage.needs(stage.definition.attachments.ways, NO_FILES)
    await stage.ask("what is this?", FilePart(name="dot.png", media_type="image/png", data=PNG))
    (file,) = stage.site.turns[0].attachments
    assert (file.name, file.data) == ("dot.png", PNG)
    assert "what is this?" in stage.prompts[0]


@scenario(FILES, "a text file arrives with the prompt")
async def _text_in(stage: Stage) -> None:
    stage.needs(stage.definition.attachments.ways, NO_FILES)
    data = "a,b\n1,é 😀\n".encode()
    await stage.ask("sum it up", FilePart(name="table.csv", media_type="text/csv", data=data))
    (file,) = stage.site.turns[0].attachments
    assert file.data == data


@scenario(FILES, "a file that the site refuses is an error, and nothing is sent")
async def _refused_file(stage: Stage) -> None:
    stage.needs(stage.definition.attachments.ways, NO_FILES)
    stage.state("attachment_refused")
    file = FilePart(name="dot.png", media_type="image/png", data=PNG)
    await stage.fails(errors.AttachmentRefused, parts=("what is this?", file))
    assert stage.prompts == []


@scenario(FILES, "an image that the site makes comes out, byte for byte")
async def _image_out(stage: Stage) -> None:
    stage.needs("files" not in stage.unavailable, stage.unavailable.get("files", ""))
    stage.say(
        "Here it is.", files=(ProducedFile(name="dot.png", media_type="image/png", data=PNG, alt="a dot"),)
    )
    heard = await stage.ask("draw a dot")
    (file,) = [event for event in heard.events if isinstance(event, FileProduced)]
    assert (file.media_type, file.data) == ("image/png", PNG)
