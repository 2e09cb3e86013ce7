"""Ids that a page makes anew each time, put into the answers where the recorded ones stood."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from cdp_relay.recording.replay._forms import find_uuids, may_stand_for

__all__ = ["Carried"]

_MAX_IDS = 4096


class Carried:
    """Which new id stands for which recorded one; both have one length, so no frame changes its own."""

    def __init__(self, known: Collection[str] = ()) -> None:
        self._known = known
        """Ids of the recording: one that is asked for in another's place was not made anew."""
        self._new: dict[str, str] = {}
        """By the recorded one."""
        self._recorded: dict[str, str] = {}
        """By the new one."""
        self._patterns: tuple[re.Pattern[str], re.Pattern[bytes], re.Pattern[str]] | None = None

    def __len__(self) -> int:
        return len(self._new)

    def learn(self, recorded: Any, asked: Any) -> None:
        """Compare what stood at one place then and now, and keep what was made anew."""
        if not isinstance(recorded, str) or not isinstance(asked, str) or recorded == asked:
            return
        for old, new in _pairs(recorded, asked):
            if self._new.get(old) == new or new in self._known or len(self._new) >= _MAX_IDS:
                continue
            self._recorded.pop(self._new.get(old, ""), None)
            self._new[old] = new
            self._recorded[new] = old
            self._patterns = None

    def as_asked(self, data: bytes) -> bytes:
        """A recorded answer with the new ids in it."""
        if not self._new:
            return data
        return self._compiled()[1].sub(lambda found: self._new[found[0].decode()].encode(), data)

    def text_as_asked(self, text: str) -> str:
        """The same for a text."""
        if not self._new:
            return text
        return self._compiled()[0].sub(lambda found: self._new[found[0]], text)

    def as_recorded(self, text: str) -> str:
        """What a page asks, with the recorded ids in it."""
        if not self._recorded:
            return text
        return self._compiled()[2].sub(lambda found: self._recorded[found[0]], text)

    def _compiled(self) -> tuple[re.Pattern[str], re.Pattern[bytes], re.Pattern[str]]:
        if self._patterns is None:
            recorded = "|".join(map(re.escape, self._new))
            new = "|".join(map(re.escape, self._recorded))
            self._patterns = re.compile(recorded), re.compile(recorded.encode()), re.compile(new)
        return self._patterns


def _pairs(recorded: str, asked: str) -> Iterator[tuple[str, str]]:
    if may_stand_for(asked, recorded):
        yield recorded, asked
    elif len(recorded) == len(asked):
        then, now = find_uuids(recorded), find_uuids(asked)
        if [at for at, _ in then] == [at for at, _ in now]:
            yield from ((old, new) for (_, old), (_, new) in zip(then, now, strict=True) if old != new)
