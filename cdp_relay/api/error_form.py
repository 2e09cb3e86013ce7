"""Which dialect an error is told in: it goes by the request's head, as a refused request has nothing else.

A form makes the JSON object of an error; status and headers are the same for all
(:func:`~cdp_relay.api.failure.render_failure`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cdp_relay.api.failure import error_object
from cdp_relay.api.messages.failure import messages_error
from cdp_relay.api.ollama.failure import ollama_error
from cdp_relay.errors import RelayError

__all__ = ["ErrorForm", "error_form"]

ErrorForm = Callable[[RelayError, str], dict[str, Any]]
"""From an error and the request's id to the body's object."""

_FORMS: tuple[tuple[str, ErrorForm], ...] = (("/v1/messages", messages_error), ("/api", ollama_error))
"""By the beginnings of paths; every other path speaks OpenAI's dialect."""


def error_form(path: str, *, anthropic: bool = False) -> ErrorForm:
    """The form of the errors of a path.

    Args:
      anthropic: whether the request has an ``anthropic-version``. Clients of that dialect read no other
        form, wherever a wrong base URL has led them.
    """
    if anthropic:
        return messages_error
    for beginning, form in _FORMS:
        if path == beginning or path.startswith(beginning + "/"):
            return form
    return error_object
