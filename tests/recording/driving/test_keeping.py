"""What may be written of a session, and that nothing else is."""

from __future__ import annotations

import attrs
import pytest

from cdp_relay.chat.registry import load_provider
from cdp_relay.errors import RecordingInvalid
from cdp_relay.recording.driving import keeping
from cdp_relay.recording.driving.keeping import clean, leaks_of
from cdp_relay.recording.redaction import Redacted
from cdp_relay.recording.session import Exchange, KnownText, Session
from tests.recording.streams import TEXT, recorded

MAIL = "ada.lovelace@mail.example.net"


def session() -> Session:
    """A turn of somebody whose address is in a header."""
    made = recorded("claude")
    exchanges: list[Exchange] = list(made.exchanges)
    asked = exchanges[1].request
    told = attrs.evolve(asked, headers=(*asked.headers, ("x-user-email", MAIL)))
    exchanges[1] = attrs.evolve(exchanges[1], request=told)
    about = attrs.evolve(made.about, redacted=False)
    texts = (KnownText("prompt", "Hi"), KnownText("answer", TEXT))
    return attrs.evolve(made, about=about, exchanges=tuple(exchanges), texts=texts)


def test_a_session_is_redacted_and_found_clean() -> None:
    provider = load_provider("claude")
    assert any(leak.kind == "email" for leak in leaks_of(session(), provider))

    cleaned = clean(session(), provider)

    assert cleaned.session.about.redacted
    assert cleaned.counts["email"] == 1
    assert MAIL not in str(cleaned.session.exchanges[1].request.headers)
    assert leaks_of(cleaned.session, provider) == []
    # Whoever checks it may not have this site, and may name what must not be in it.
    assert leaks_of(cleaned.session, None, secrets=[MAIL]) == []


def test_what_the_person_keeps_is_kept_and_what_he_wants_out_goes() -> None:
    provider = load_provider("claude")
    cleaned = clean(session(), provider, keep=["answer"], own=[r"Na\w+ve"])
    assert cleaned.session.about.kept == ("answer",)
    said = "".join(str(one.event.get("text", "")) for one in cleaned.session.heard)
    assert "That was the end of it." in said
    assert "Naïve" not in said


def test_where_something_is_left_nothing_may_be_written_and_the_place_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def careless(made: Session, **_: object) -> Redacted:
        about = attrs.evolve(made.about, redacted=True)
        return Redacted(session=attrs.evolve(made, about=about, texts=()), counts={})

    monkeypatch.setattr(keeping, "redact", careless)
    with pytest.raises(RecordingInvalid) as refused:
        clean(session(), load_provider("claude"))
    told = str(refused.value.details["leaks"])
    assert "x-user-email" in told
    assert MAIL not in told
    assert MAIL not in refused.value.message
