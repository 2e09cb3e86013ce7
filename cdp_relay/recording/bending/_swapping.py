"""Another answer in the place of the recorded one, everywhere in a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from cdp_relay.errors import InvalidRequest
from cdp_relay.recording.bending._recounting import applied, recounted
from cdp_relay.recording.chunks import ByteEdit, chunks_of, with_edits
from cdp_relay.recording.session import Exchange, Heard, Message, Session
from cdp_relay.recording.telling.answer_paths import Telling, Thread, answers_heard, find_threads, turns_heard
from cdp_relay.recording.telling.told import Edit, Leaf, edits_for, form_of, text_of

__all__ = ["Place", "cannot_bend", "exchange_of_answer", "swap_answer", "tellings_of"]

_MAX_TELLING_BYTES = 16 << 20


@attrs.frozen
class Place:
    """Where a telling stands: an exchange's body, or one of its messages."""

    exchange: int
    message: int | None = None


def cannot_bend(message: str, *, param: str) -> InvalidRequest:
    """There is no such place in the recording."""
    return InvalidRequest(message, param=param, next_step="Name another place, or another recording.")


def tellings_of(session: Session) -> list[tuple[Place, Telling]]:
    """The texts that a session's answers can stand in, in the order in which they began to come."""
    found: list[tuple[float, Place, Telling]] = []
    for index, exchange in enumerate(session.exchanges):
        for number, message in enumerate(exchange.messages):
            if not message.sent:
                text = message.data if isinstance(message.data, str) else text_of(message.data)
                if form_of(text) != "none":
                    found.append((message.at, Place(index, number), Telling(text, source=exchange.id)))
        response = exchange.response
        body = response.body if response is not None else None
        if response is None or body is None or not 0 < body.size <= _MAX_TELLING_BYTES:
            continue
        if _is_code(response.mime_type):
            continue
        text = text_of(body.read())
        media_type = "text/event-stream" if "event-stream" in response.mime_type else ""
        if form_of(text, media_type) != "none":
            found.append((exchange.at, Place(index), Telling(text, media_type)))
    found.sort(key=lambda one: one[0])
    return [(place, telling) for _, place, telling in found]


def swap_answer(session: Session, new: str, *, turn: int = 1) -> Session:
    """The session, its answer another one: in streams, sockets, stored chats, and in what was heard.

    Snapshots of the page stay as they were.

    Raises:
      InvalidRequest: nothing was answered in that turn, or no stream tells its text.
    """
    old = _answer(session, turn)
    places = tellings_of(session)
    threads = _threads(places, old)
    changes = _changes(threads, old, new)
    exchanges = list(session.exchanges)
    for number, (place, telling) in enumerate(places):
        if number in changes:
            edits = recounted(telling.text, telling.media_type, edits_for(telling.text, changes[number]))
            exchanges[place.exchange] = _edited(exchanges[place.exchange], place, telling.text, edits)
    return attrs.evolve(session, exchanges=exchanges, heard=_reheard(session.heard, turn, old, new))


def exchange_of_answer(session: Session, turn: int) -> int:
    """The number of the exchange that told an answer in the most strings.

    Raises:
      InvalidRequest: nothing was answered in that turn, or no stream tells its text.
    """
    places = tellings_of(session)
    counts: dict[int, int] = {}
    for piece in _threads(places, _answer(session, turn))[0].pieces:
        exchange = places[piece.telling][0].exchange
        counts[exchange] = counts.get(exchange, 0) + 1
    return max(counts, key=lambda exchange: counts[exchange])


def _answer(session: Session, turn: int) -> str:
    told = [answer for answer in answers_heard(session.heard) if answer]
    if not 1 <= turn <= len(told):
        count = "one answer with text was" if len(told) == 1 else f"{len(told)} answers with text were"
        raise cannot_bend(f"There is no answer {turn}: {count} heard in this recording.", param="turn")
    return told[turn - 1]


def _threads(places: Sequence[tuple[Place, Telling]], answer: str) -> list[Thread]:
    threads = find_threads([telling for _, telling in places], answer)
    if not threads:
        raise cannot_bend("The answer that was heard stands in no recorded stream.", param="turn")
    return threads


def _changes(threads: Sequence[Thread], old: str, new: str) -> dict[int, list[tuple[Leaf, str]]]:
    """By telling: its strings, and what they say now."""
    changes: dict[int, dict[Leaf, str]] = {}
    for thread in threads:
        for piece in thread.pieces:
            said = new[_part(piece.start, old, new) : _part(piece.end, old, new)]
            rest = piece.leaf.value[len(piece.leaf.value) - piece.rest :]
            changes.setdefault(piece.telling, {}).setdefault(piece.leaf, said + rest)
    return {telling: list(changed.items()) for telling, changed in changes.items()}


def _part(place: int, old: str, new: str) -> int:
    return place * len(new) // len(old)


def _edited(exchange: Exchange, place: Place, text: str, edits: Sequence[Edit]) -> Exchange:
    if place.message is not None:
        messages = list(exchange.messages)
        messages[place.message] = _message(messages[place.message], applied(text, edits))
        return attrs.evolve(exchange, messages=tuple(messages))
    if exchange.response is None:
        return exchange
    byte_edits, chars, size = [], 0, 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        size += _size(text[chars : edit.start])
        old = _size(text[edit.start : edit.end])
        byte_edits.append(ByteEdit(size, size + old, edit.text.encode("utf-8", "surrogateescape")))
        chars, size = edit.end, size + old
    response = with_edits(exchange.response, chunks_of(exchange), byte_edits)
    return attrs.evolve(exchange, response=response)


def _message(message: Message, text: str) -> Message:
    data = text if isinstance(message.data, str) else text.encode("utf-8", "surrogateescape")
    return attrs.evolve(message, data=data)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _is_code(media_type: str) -> bool:
    return any(word in media_type for word in ("html", "javascript", "css", "image/", "font", "wasm"))


def _reheard(heard: Sequence[Heard], turn: int, old: str, new: str) -> tuple[Heard, ...]:
    """What was heard, with the turn's text told in as many pieces as before."""
    turns = turns_heard(heard)
    told = [index for index, one in enumerate(turns) if any(answers_heard(one))]
    changed = told[turn - 1]
    return tuple(
        one
        for index, events in enumerate(turns)
        for one in (_retold(events, old, new) if index == changed else events)
    )


def _retold(turn: Sequence[Heard], old: str, new: str) -> Iterator[Heard]:
    told = 0
    for one in turn:
        event = one.event.get("event")
        if event == "TextDelta":
            start, told = told, min(len(old), told + len(str(one.event.get("text", ""))))
            text = new[_part(start, old, new) : _part(told, old, new)]
            yield attrs.evolve(one, event={**one.event, "text": text})
        elif event != "TextRetracted":
            yield one
