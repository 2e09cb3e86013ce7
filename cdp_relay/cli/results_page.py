"""Requests of the journal as a terminal shows them: a line each in a list, or a page for one. Sans-IO."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import click

from cdp_relay.chat.vocabulary import (
    ChatNamed,
    Drift,
    FileProduced,
    Notice,
    ReasoningDelta,
    StepReached,
    TextDelta,
    TextRetracted,
    ToolCallEnded,
)
from cdp_relay.cli.output import plain
from cdp_relay.store import StoredTurn, ToldEntry, TurnSummary

__all__ = ["summary_lines", "turn_page"]

_ID_SHOWN = 12
_WORDS_SHOWN = 48
_SENT_SHOWN = 2_000
_COLOURS = {"finished": "green", "failed": "red", "lost": "red", "stopped": "yellow", "running": "blue"}


def summary_lines(summaries: Sequence[TurnSummary], *, in_service: bool) -> Iterator[str]:
    """A line for each, with aligned columns.

    Args:
      in_service: whether the service runs; what runs without one was left on its way.
    """
    sites = max(len(one.site or "-") for one in summaries)
    for one in summaries:
        state = _state(one, in_service=in_service)
        took = "" if one.seconds is None else f"{one.seconds:.1f} s"
        words = plain(one.first_words)
        if len(words) > _WORDS_SHOWN:
            words = words[: _WORDS_SHOWN - 3] + "..."
        why = f"  {one.error.code}" if one.error is not None else ""
        yield (
            f"{_short(one.id):<{_ID_SHOWN}}  {_clock(one.began_at)}  {one.site or '-':<{sites}}  "
            f"{_coloured(f'{state:<8}', one.state)}  {took:>8}  {_size(one.sent_chars):>6} > "
            f"{_size(one.answer_chars):>6}  {words}{why}"
        ).rstrip()


def turn_page(turn: StoredTurn, *, full: bool, in_service: bool) -> str:
    """What happened to a request: how it ended, when it did what, what was sent, what came back."""
    return "\n".join(_page(turn, full=full, in_service=in_service))


def _page(turn: StoredTurn, *, full: bool, in_service: bool) -> Iterator[str]:
    about = turn.summary
    state = _state(about, in_service=in_service)
    yield f"{click.style(about.id, bold=True)}  {_coloured(state, about.state)}"
    yield f"  {_story(turn, state)}"
    yield ""
    yield f"  asked   {_clock(about.began_at)}, for {plain(about.label)!r}{_by(about)}"
    if about.site:
        model = f", {about.model}" if about.model else ""
        yield f"  site    {about.site}{model}"
    if about.conversation_url or about.conversation_id:
        held = ", gone on with" if about.continued else ""
        yield f"  chat    {about.conversation_url or about.conversation_id}{held}"
    yield ""
    yield click.style("Timeline", bold=True)
    yield from _timeline(turn.told)
    for prompt in turn.prompts:
        what = "Sent" if prompt.number == 0 else "Sent as a correction"
        yield ""
        yield click.style(f"{what} at {prompt.at:.3f} s ({prompt.chars:,} characters)", bold=True)
        yield from _indented(prompt.text, None if full else _SENT_SHOWN)
    if not turn.prompts:
        yield ""
        yield click.style("Nothing was sent.", bold=True)
    yield from _answer(turn)
    if about.error is not None:
        yield ""
        yield f"{click.style('error:', fg='red', bold=True)} {about.error.code}: {plain(about.error.message)}"
        yield f"{click.style(' next:', bold=True)} {plain(about.error.next_step)}"


def _story(turn: StoredTurn, state: str) -> str:
    """What happened, in a sentence or two."""
    about = turn.summary
    if state == "finished":
        where = ", read from the chat's page" if about.capture == "page" else ""
        return f"Answered in {about.seconds or 0:.1f} s{where}."
    if about.sent_at is None:
        sent = "Nothing was sent to the site."
    elif about.submitted:
        sent = "Its prompt was sent, once."
    else:
        sent = "Its prompt was about to be sent; whether it left is not known."
    there = f"{about.answer_chars:,} characters of an answer came" if about.answer_chars else "No answer came"
    if state == "running":
        return f"It runs, at the step {about.step or 'queued'!r}. {sent}"
    if state == "left":
        return f"The service ended meanwhile. {sent} The next start looks for its answer in the chat."
    if state == "lost":
        return f"{sent} Its answer could not be found again after a restart."
    how = "failed" if state == "failed" else f"was {state}"
    return f"It {how} after {about.seconds or 0:.1f} s. {sent} {there}."


def _timeline(told: Sequence[ToldEntry]) -> Iterator[str]:
    last = 0.0
    for entry in told:
        words = _told(entry)
        if words is not None:
            yield f"  {entry.at:>9.3f}  {f'+{max(0.0, entry.at - last):.3f}':>9}  {words}"
            last = entry.at


def _told(entry: ToldEntry) -> str | None:
    """A line of the timeline; None for what is no event of its own."""
    event = entry.event
    match event:
        case StepReached():
            facts = "  ".join(f"{name}={plain(str(fact))}" for name, fact in event.facts.items())
            return f"{event.step.value:<10} {facts}".rstrip()
        case ChatNamed():
            return f"the site named the chat {event.conversation_id}"
        case TextDelta() | ReasoningDelta():
            what = "text" if isinstance(event, TextDelta) else "thinking"
            pieces = (
                f", the last of {len(entry.cuts)} pieces at {entry.cuts[-1][0]:.3f}" if entry.cuts else ""
            )
            return f"{what} begins ({len(event.text):,} characters{pieces})"
        case TextRetracted():
            return f"the site took back {event.chars} characters"
        case ToolCallEnded():
            return f"call of {plain(event.name)} ({len(event.arguments):,} characters)"
        case FileProduced():
            return f"file {plain(event.name)} ({event.media_type}, {len(event.data):,} bytes)"
        case Notice():
            return f"notice {event.code}: {plain(event.message)}"
        case Drift():
            return f"drift {event.kind}: {plain(event.detail)}"
        case _:
            return None


def _answer(turn: StoredTurn) -> Iterator[str]:
    about = turn.summary
    if not about.content:
        if about.answer_chars:
            yield ""
            yield click.style(f"Answer ({about.answer_chars:,} characters, not kept)", bold=True)
        return
    if turn.text:
        part = "" if about.state == "finished" else ", not whole"
        yield ""
        yield click.style(f"Answer ({len(turn.text):,} characters{part})", bold=True)
        yield from _indented(turn.text, None)
    for call in turn.calls:
        yield ""
        yield click.style(f"Call of {plain(call.name)}", bold=True)
        yield from _indented(call.arguments, None)


def _indented(text: str | None, limit: int | None) -> Iterator[str]:
    if text is None:
        yield "  (The text is not kept.)"
        return
    shown = text if limit is None else text[:limit]
    for line in shown.splitlines():
        # What a page said must not steer a terminal.
        yield "  " + "".join(c if c.isprintable() or c == "\t" else " " for c in line)
    if len(shown) < len(text):
        yield click.style(f"  ... {len(text) - len(shown):,} more characters; --full shows them", dim=True)


def _state(summary: TurnSummary, *, in_service: bool) -> str:
    return "left" if summary.state == "running" and not in_service else summary.state


def _coloured(text: str, state: str) -> str:
    return click.style(text, fg=_COLOURS.get(state))


def _by(summary: TurnSummary) -> str:
    client = f", by {plain(summary.client)}" if summary.client else ""
    session = f", session {plain(summary.session)}" if summary.session else ""
    return client + session


def _short(id_: str) -> str:
    return id_.removeprefix("req_")[:_ID_SHOWN]


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _size(chars: int) -> str:
    if chars < 1000:
        return str(chars)
    return f"{chars / 1000:.1f}k" if chars < 1_000_000 else f"{chars / 1e6:.1f}M"
