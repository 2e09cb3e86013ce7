"""Redacted streams decode as the real ones do: the same events, in masked words."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.chat.decode import decode_stream
from cdp_relay.chat.registry import load_provider
from cdp_relay.recording.driving._literals import known_words
from cdp_relay.recording.redaction import find_leaks, redact
from cdp_relay.recording.redaction.masks import is_masked, mask
from cdp_relay.recording.session import Heard, KnownText, Message, Session
from tests.recording.streams import SITES, TEXT, body_of, recorded, socket_session

WIRE = Path("/work/shared/wire")
SAMPLES = sorted(path for path in WIRE.glob("*/*") if path.suffix in (".sse", ".txt"))
THOUGHTS = "First I look at it, then I see."

ANSWERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "thinking": {"thinking": (THOUGHTS,)},
    "unknown": {"unknown": True},
    "one word": {"text": "Four"},
    "a literal": {"text": "stop"},
    "JSON": {"text": '{"name": "Ada", "of": ["words", "enough"]}'},
    "code": {"text": "Run this:\n\n```sh\nls 2>&1 | tee\n```\nand `x`."},
}


@functools.cache
def known(site: str) -> frozenset[str]:
    return known_words(load_provider(site))


def decoded(site: str, data: bytes, *, status: int = 200, size: int | None = None) -> dict[str, Any]:
    size = size or len(data)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return decode_stream(load_provider(site), pieces, status=status)


def same_shape(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert after["text"] == mask(before["text"])
    assert after["reasoning"] == mask(before["reasoning"])
    for name in ("finish_reason", "drift", "usage", "error_code", "handed_off"):
        assert after.get(name) == before.get(name), name
    for name in ("notices", "files"):
        assert len(after[name]) == len(before[name]), name
    for name in ("conversation_id", "message_id", "model", "title", "error"):
        assert bool(after[name]) == bool(before[name]), name


def answer_of(site: str, name: str) -> dict[str, Any]:
    answer = dict(ANSWERS[name])
    if "thinking" in answer and site in ("aistudio", "gemini"):
        answer["thinking"] = THOUGHTS if site == "gemini" else answer["thinking"]
    return answer


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("site", SITES)
def test_a_replicas_stream_says_the_same_in_masked_words(site: str, name: str) -> None:
    answer = answer_of(site, name)
    session = recorded(site, **answer)
    before = decoded(site, body_of(session))
    texts = (KnownText("answer", before["text"]), KnownText("reasoning", before["reasoning"]))
    session = attrs.evolve(session, texts=texts)
    redacted = redact(session, known=known(site)).session
    body = body_of(redacted)
    assert len(body) == len(body_of(session))
    after = decoded(site, body, size=7 if name == "plain" else None)
    same_shape(before, after)
    assert after["text"] == "".join(str(one.event.get("text", "")) for one in redacted.heard)
    assert find_leaks(redacted, known=known(site)) == []
    if name == "thinking":
        again = redact(redacted, known=known(site)).session
        assert again.exchanges == redacted.exchanges
        assert again.heard == redacted.heard


@pytest.mark.parametrize("site", SITES)
def test_words_stay_where_the_person_keeps_them(site: str) -> None:
    session = attrs.evolve(recorded(site), texts=(KnownText("answer", TEXT), KnownText("prompt", "Hi")))
    redacted = redact(session, known=known(site), keep=("prompt", "answer")).session
    assert decoded(site, body_of(redacted))["text"] == decoded(site, body_of(session))["text"]
    assert redacted.heard == session.heard
    asked = redacted.exchanges[1].request.body
    assert asked is not None
    assert json.loads(asked.read())["prompt"] == "Hi"
    assert redacted.about.kept == ("answer", "prompt")
    masked = redact(session, known=known(site), keep=["prompt"]).session
    assert is_masked(decoded(site, body_of(masked))["text"])


def test_what_comes_over_a_socket_is_masked_within_its_three_wrappings() -> None:
    session = attrs.evolve(socket_session(), texts=(KnownText("answer", TEXT),))
    redacted = redact(session, known=known("chatgpt")).session
    frames = [one.data for one in redacted.exchanges[0].messages if not one.sent]
    decoder = load_provider("chatgpt").new_decoder()
    stream = "".join(json.loads(one)[0]["payload"]["payload"]["encoded_item"] for one in frames)
    text = "".join(getattr(event, "text", "") for event in decoder.feed(stream.encode()))
    assert text == mask(TEXT)
    assert [len(one.data) for one in redacted.exchanges[0].messages] == [
        len(one.data) for one in session.exchanges[0].messages
    ]


def test_binary_messages_keep_what_is_no_text() -> None:
    session = socket_session()
    data = b"\x00\x01\x12\x1dAda Lovelace wrote about this\x08\xff\xfe\x80"
    socket = attrs.evolve(session.exchanges[0], messages=(Message(at=1.0, sent=False, data=data),))
    redacted = redact(attrs.evolve(session, exchanges=(socket,))).session
    masked = b"\x00\x01\x12\x1dXxx Xxxxxxxx xxxxx xxxxx xxxx\x08\xff\xfe\x80"
    assert redacted.exchanges[0].messages[0].data == masked


@pytest.mark.skipif(not SAMPLES, reason="the recorded streams of others are not here")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name[:3]}")
def test_real_streams_keep_their_shape(sample: Path) -> None:
    site = sample.parent.name
    if site not in SITES:
        pytest.skip("no provider")
    described = json.loads(next(sample.parent.glob(f"{sample.name[:3]}*.json")).read_text("utf-8"))
    status = described.get("http", {}).get("status", 200)
    data = sample.read_bytes()
    before = decoded(site, data, status=status)
    session = recorded(site)
    response = session.exchanges[1].response
    assert response is not None
    changed = attrs.evolve(response, status=status, body=type(response.body).of(data), chunks=())  # type: ignore[union-attr]
    exchange = attrs.evolve(session.exchanges[1], response=changed)
    heard = Heard(1.0, {"event": "Finished", "model": before["model"]})
    session = attrs.evolve(session, exchanges=(session.exchanges[0], exchange), heard=(heard,))
    with_texts = attrs.evolve(session, texts=(KnownText("answer", before["text"]),))
    for one, size in ((session, len(data)), (with_texts, 11)):
        redacted = redact(one, known=known(site)).session
        body = body_of(redacted)
        assert len(body) == len(data)
        same_shape(before, decoded(site, body, status=status, size=size))
        assert find_leaks(redacted, known=known(site)) == []


def test_a_stream_that_was_cut_within_a_character_gives_its_bytes_back() -> None:
    session = recorded("claude")
    body = body_of(session)
    cut = body[: body.index("ï".encode()) + 1]
    response = session.exchanges[1].response
    assert response is not None
    changed = attrs.evolve(response, body=type(response.body).of(cut), chunks=())  # type: ignore[union-attr]
    session = attrs.evolve(session, exchanges=(attrs.evolve(session.exchanges[1], response=changed),))
    redacted: Session = redact(session, known=known("claude")).session
    assert len(body_of(redacted, 0)) == len(cut)
    assert body_of(redacted, 0).endswith(body[: body.index("ï".encode()) + 1][-1:])
