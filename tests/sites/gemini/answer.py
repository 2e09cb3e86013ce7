"""What a test lets the site say to the next prompt."""

from __future__ import annotations

import math

import attrs

from tests.sites.kit import answers as kit

__all__ = ["Answer"]

_MOST_FRAMES = 40
_MOST_BYTES = 12_000_000
"""Every frame tells the whole text so far: a long answer comes in few of them, as from the site."""


@attrs.frozen(kw_only=True)
class Answer(kit.Answer):
    """A turn's answer. All texts are given as the site means them; :mod:`.stream` puts them into frames."""

    flicker: bool = True
    """Whether unfinished Markdown is repaired for the moment: an open mark escaped, an open fence closed."""
    passing: str = ""
    """A text that stands in the place of the answer for one frame, in the middle of it."""
    replaced: str = ""
    """A text that comes first and is then replaced by the answer: what was read of it is void."""
    tool: str = ""
    """A tool that runs while the replaced text stands there."""
    card: bool = False
    """The text is in a card: a placeholder stands where the text stands else."""
    placeholder: str = ""
    """A kind of card that stands on a line of its own behind the text (``immersive_entry_chip``)."""
    web_images: int = 0
    error: int | None = None
    """A code of the site's errors, in an envelope behind the text."""
    used_up: float | None = None
    """Seconds until the allowance that is used up comes back; said in a side frame."""
    queued: bool = False
    """The prompt stands in a queue first."""
    crowded: bool = False
    """Several envelopes share a frame."""
    bad_length: bool = False
    """One frame says another length than its own."""

    def text_pieces(self) -> tuple[str, ...]:
        """The pieces of text, so few that the frames with all of the text so far stay small together."""
        pieces = super().text_pieces()
        if self.pieces is not None:
            return pieces
        size = max(1, sum(map(len, pieces)))
        most = max(4, min(_MOST_FRAMES, _MOST_BYTES // size))
        step = math.ceil(len(pieces) / most) or 1
        return tuple("".join(pieces[at : at + step]) for at in range(0, len(pieces), step))
