"""What comes between a session in memory and a recording on the disk: it is redacted, and checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs

from cdp_relay.chat.contract import Provider
from cdp_relay.errors import RecordingInvalid
from cdp_relay.recording.driving._literals import known_words
from cdp_relay.recording.lean import make_lean
from cdp_relay.recording.redaction import Leak, find_leaks, redact
from cdp_relay.recording.session import Keep, Session

__all__ = ["Cleaned", "clean", "leaks_of"]

_MOST_NAMED = 10
"""Leaks that a message names."""


@attrs.frozen(kw_only=True)
class Cleaned:
    """A session that may be written."""

    session: Session
    counts: Mapping[str, int]
    """How many secrets of each kind were replaced."""


def clean(
    session: Session,
    provider: Provider,
    *,
    keep: Collection[Keep] = (),
    own: Collection[str] = (),
    lean: bool = False,
) -> Cleaned:
    """Redact a session, and look at it afresh for what should not be in it any more.

    Args:
      keep: what the person wants to stay as it is.
      own: regular expressions of what the person wants replaced besides.
      lean: leave out the site's own code and art.

    Raises:
      RecordingInvalid: something is still in it that would tell of the person; nothing may be written.
    """
    redacted = redact(session, keep=keep, known=known_words(provider), own=own)
    # After redacting, which learns the site's own words from its code.
    cleaned = make_lean(redacted.session) if lean else redacted.session
    leaks = leaks_of(cleaned, provider, own=own)
    if leaks:
        named = "; ".join(str(leak) for leak in leaks[:_MOST_NAMED])
        more = f"; and {len(leaks) - _MOST_NAMED} more" if len(leaks) > _MOST_NAMED else ""
        raise RecordingInvalid(
            f"The recording would still tell of you, so it was not written: {named}{more}.",
            next_step="Report what is named, without your data: the redaction does not know its form.",
            details={"leaks": [str(leak) for leak in leaks]},
        )
    notes = tuple(dict.fromkeys((*cleaned.about.notes, *redacted.notes)))
    cleaned = attrs.evolve(cleaned, about=attrs.evolve(cleaned.about, notes=notes))
    return Cleaned(session=cleaned, counts=redacted.counts)


def leaks_of(
    session: Session,
    provider: Provider | None,
    *,
    own: Collection[str] = (),
    secrets: Collection[str] = (),
) -> Sequence[Leak]:
    """What a recording would tell of a person, as far as a fresh look finds it.

    Args:
      provider: of its site, whose own words tell nothing; None where it is not installed.
      secrets: what must not be in it, in no spelling.
    """
    known = known_words(provider) if provider is not None else frozenset[str]()
    return find_leaks(session, known=known, own=own, secrets=secrets)
