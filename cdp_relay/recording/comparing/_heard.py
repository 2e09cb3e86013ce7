"""What the relay made of the turn then, and what it makes of it now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from cdp_relay.recording.comparing.difference import Difference
from cdp_relay.recording.session import Heard, Session
from cdp_relay.recording.telling.answer_paths import answers_heard, turns_heard

__all__ = ["differences_of_heard", "drifts_heard"]


def differences_of_heard(old: Session, new: Session) -> Iterator[Difference]:
    """How the turns ended, what the decoder did not know, and whether there was text."""
    then, now = _ends(old.heard), _ends(new.heard)
    for number, (was, told) in enumerate(zip(then, now, strict=False), start=1):
        turn = f"turn {number}" if max(len(then), len(now)) > 1 else "the turn"
        if was.split(":")[0] == "finished" and told.split(":")[0] == "error":
            yield _heard("breaks", f"{turn.capitalize()} failed ({_word(told)}); it was answered.", was, told)
        elif was != told:
            yield _heard(
                "notable",
                f"{turn.capitalize()} ended otherwise: {_said(told)}, and it was {_said(was)}.",
                was,
                told,
            )
    if len(now) < len(then):
        yield _heard("notable", f"{len(now)} turns came to an end, and it were {len(then)}.", "", "")
    yield from _texts(old, new)
    known = drifts_heard(old.heard)
    for (kind, detail), count in drifts_heard(new.heard).items():
        if (kind, detail) not in known:
            times = f" {count} times" if count > 1 else ""
            yield Difference(
                kind="heard",
                weight="notable",
                sentence=f"The relay met what it does not know{times} ({kind}): {detail}",
                where=kind,
                new=detail,
            )


def drifts_heard(heard: Sequence[Heard]) -> Counter[tuple[str, str]]:
    """What was reported as unknown, with its number."""
    return Counter(
        (str(one.event.get("kind", "")), str(one.event.get("detail", "")))
        for one in heard
        if one.event.get("event") == "Drift"
    )


def _texts(old: Session, new: Session) -> Iterator[Difference]:
    then, now = answers_heard(old.heard), answers_heard(new.heard)
    if any(map(str.strip, then)) and not any(map(str.strip, now)):
        yield _heard("breaks", "No text was heard any more; there was an answer.", "", "")
    elif then != now and "answer" in old.about.kept and "answer" in new.about.kept:
        yield _heard("minor", "The answers' texts differ.", "", "")


def _ends(heard: Sequence[Heard]) -> list[str]:
    """The ends of turns: ``finished:stop:stream``, ``error:signed_out``, ``stopped:by the client``."""
    return [_end(turn) for turn in turns_heard(heard)]


def _end(turn: Sequence[Heard]) -> str:
    event = turn[-1].event
    if event.get("event") == "Finished":
        return f"finished:{event.get('finish_reason', '')}:{event.get('capture', 'stream')}"
    if event.get("event") == "error":
        return f"error:{event.get('code') or event.get('class') or 'unknown'}"
    return "stopped:before its end"


def _word(end: str) -> str:
    return end.split(":")[1]


def _said(end: str) -> str:
    kind, word, *capture = end.split(":")
    if kind == "stopped":
        return f"{kind} {word}"
    return (
        f"an error ({word})" if kind == "error" else f"{word}, heard by {capture[0] if capture else 'stream'}"
    )


def _heard(weight: str, sentence: str, old: str, new: str) -> Difference:
    return Difference(kind="heard", weight=weight, sentence=sentence, old=old, new=new)  # type: ignore[arg-type]  # one of three
