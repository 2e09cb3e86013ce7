"""What a test lets the site say to the next prompt."""

from __future__ import annotations

from typing import Any

import attrs

from tests.sites.kit import answers as kit

__all__ = ["Answer"]


@attrs.frozen(kw_only=True)
class Answer(kit.Answer):
    """A turn's answer. All texts are given as the site means them; :mod:`.stream` puts them into frames."""

    holes: bool = True
    """Leave empty places out of the arrays, instead of writing ``null``."""
    prefix: str = ""
    """What comes before the array; the site's other calls have ``)]}'`` there."""
    finish_code: int | None = None
    """The code itself, instead of one for ``finish``."""
    finish_message: str = ""
    finish_with_text: bool = False
    """Whether the finish code sits on the last words, and not on an empty frame after them."""
    usage: bool = True
    """Whether frames count tokens."""
    ran: tuple[str, str] | None = None
    """Code that the model ran before it answered, and what came out."""
    called: str = ""
    """A function that the model calls after its text; two frames say so."""
    blocked: bool = False
    """The prompt is blocked: feedback, and no candidates."""
    interaction: bool = False
    """The form of a private route: frames without candidates."""
    status: tuple[int, str, tuple[Any, ...]] | None = None
    """A status (code, message, details) behind the frames: the answer broke off on the server."""
