"""A recording at its true address, and what its page asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeAlias

import attrs

from cdp_relay.recording.bending import Bending, bend
from cdp_relay.recording.folder import read_recording
from cdp_relay.recording.har import read_har
from cdp_relay.recording.replay import Asked, Code, ReplayedSite, Unmatched, code_from
from cdp_relay.recording.session import Session
from cdp_relay.settings import Home
from cdp_relay.testing.served import ServedSite
from cdp_relay.testing.web import LocalWeb

__all__ = ["Bend", "Code", "ReplayedPage", "open_replay"]

Bend: TypeAlias = Callable[[Bending], Bending]
"""Changes a recording before it is served."""


@attrs.define(eq=False, kw_only=True)
class ReplayedPage(ServedSite):
    """A recording that is served."""

    site: ReplayedSite
    session: Session
    """What was recorded, as it is served: bent, where that was asked for."""
    expected: list[str] = attrs.field(factory=list)
    """Patterns (``*/telemetry*``) of addresses that the page may ask in vain."""

    @property
    def asked(self) -> Sequence[Asked]:
        """What the page asked so far, in order."""
        return self.site.asked

    @property
    def unmatched(self) -> Sequence[Unmatched]:
        """What nothing in the recording answers, expected or not."""
        return self.site.unmatched

    def surprises(self) -> Iterator[str]:
        """What nothing answers and nobody expected, a line each."""
        for one in self.unmatched:
            if not any(fnmatchcase(one.url, pattern) for pattern in self.expected):
                yield str(one)


def open_replay(
    stack: ExitStack,
    web: LocalWeb,
    recording: str | Path | Session,
    *,
    home: Home,
    speed: float = 0.0,
    bend_with: Bend | None = None,
    code: Code | str | Path | None = None,
    expected: Sequence[str] = (),
) -> ReplayedPage:
    """Serve a recording until the stack is closed.

    Raises:
      RecordingInvalid: it is none, or is damaged.
      InvalidRequest: it cannot be bent in this way.
    """
    session = recording if isinstance(recording, Session) else _read(Path(recording))
    if bend_with is not None:
        session = bend_with(bend(session)).session
    if isinstance(code, str | Path):
        code = code_from(_read(Path(code)))
    site = ReplayedSite(session, speed=speed, code=code)
    stack.enter_context(web.serve(site))
    return ReplayedPage(
        name=session.about.site,
        site=site,
        origin=session.about.origin,
        chrome=web.chrome,
        home=home,
        session=session,
        expected=list(expected),
    )


def _read(path: Path) -> Session:
    return read_har(path) if path.is_file() else read_recording(path)
