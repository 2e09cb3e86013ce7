"""What a client is told that asks for a path which is not there: most often its base URL is wrong."""

from __future__ import annotations

from cdp_relay.api.failure import header_text
from cdp_relay.errors import NotFound

__all__ = ["lead"]

_OPENAI_ENDS = ("/chat/completions", "/completions", "/responses", "/models")
_OLLAMA_ENDS = ("/api/chat", "/api/generate", "/api/tags", "/api/show", "/api/version")
_OLLAMA_NOTHING = {
    "embeddings": "a chat page gives no embeddings",
    "embed": "a chat page gives no embeddings",
    "pull": "the models are a site's own, and none is kept here",
    "push": "the models are a site's own, and none is kept here",
    "create": "the models are a site's own, and none is kept here",
    "copy": "the models are a site's own, and none is kept here",
    "delete": "the models are a site's own, and none is kept here",
}


def lead(path: str, base_url: str) -> NotFound:
    """The error for a path that is not there.

    Args:
      base_url: what clients of OpenAI's dialect should have as theirs; it ends in ``/v1``.
    """
    shown, root = header_text(path, 100), base_url.removesuffix("/v1")
    bare = path.rstrip("/")
    if bare == "/v1/embeddings":
        return NotFound(
            f"{shown} is not offered: a chat page gives no embeddings.",
            next_step="Use another server for them.",
        )
    if bare.startswith("/v1/messages/"):
        return NotFound(f"{shown} is not offered.", next_step=f"Use POST {base_url}/messages.")
    if bare.startswith("/api/"):
        why = _OLLAMA_NOTHING.get(bare.split("/")[2])
        return NotFound(
            f"{shown} is not offered: {why}." if why else f"{shown} is not offered.",
            next_step=f"Of Ollama's paths there are {', '.join(_OLLAMA_ENDS)}.",
        )
    nothing = f"There is nothing at {shown}."
    if bare.endswith(_OLLAMA_ENDS):
        return NotFound(nothing, next_step=f"Set the host to {root}; Ollama's clients add /api/chat to it.")
    if bare.endswith(("/messages", "/messages/count_tokens")):
        return NotFound(
            nothing,
            next_step=f"Set the base URL to {root} for clients that add /v1/messages, as Anthropic's own "
            f"do, or to {base_url} for those that add /messages.",
        )
    for end in _OPENAI_ENDS:
        if bare.endswith(end):
            return NotFound(nothing, next_step=f"Set the base URL to {base_url}; clients add {end} to it.")
    return NotFound(
        nothing,
        next_step=f"Set the base URL to {base_url}; clients add /chat/completions or /models to it.",
    )
