"""What a text must not hold to be given to a page, and how it is mended where nobody can be asked to."""

from __future__ import annotations

from cdp_relay.errors import InvalidText

__all__ = ["check_text", "mend_text"]


def check_text(text: str, *, name: str = "The text", param: str | None = None) -> None:
    """Refuse what no page can be given: NUL and lone surrogates.

    Args:
      name: what the message calls the text.
      param: the request's field that holds it.

    Raises:
      InvalidText: the message and ``details`` say where, counted in characters from 0.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        surrogate: int | None = error.start
    else:
        surrogate = None
    nul = text.find("\0", 0, surrogate)
    position = nul if nul >= 0 else surrogate
    if position is None:
        return
    what = "a NUL character" if nul >= 0 else "half of a surrogate pair"
    character = f"U+{ord(text[position]):04X}"
    raise InvalidText(
        f"{name} holds {what} ({character}) at position {position}.",
        param=param,
        details={"position": position, "character": character},
    )


def mend_text(text: str) -> str:
    """The text with U+FFFD for every NUL and lone surrogate."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\ufffd")
