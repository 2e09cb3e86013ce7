"""The form of calls that a prompt explained, known again from the prompt alone. Sans-IO.

The secret behind it does not outlive the service; the prompt does.
"""

from __future__ import annotations

import re

from cdp_relay.chat.calls import CallProtocol, is_correction
from cdp_relay.chat.vocabulary import ChatRequest
from cdp_relay.chat.wording import word_closing

__all__ = ["told_protocol"]

_MARKER = re.compile(r"(?<!`)```call_([0-9a-z]{6})(?![\w`])")


def told_protocol(request: ChatRequest, prompt: str) -> CallProtocol | None:
    """The protocol that the prompt of a request explained; None where none is to be found whole.

    What a file or a message in the prompt says of calls does not count: the relay's own words are last.
    """
    nonces = dict.fromkeys(found[1] for found in reversed(list(_MARKER.finditer(prompt))))
    for nonce in nonces:
        protocol = CallProtocol(nonce, request.tools, request.tool_choice)
        if prompt.rstrip().endswith(word_closing(request, protocol).rstrip()):
            return protocol
        if is_correction(prompt, protocol):
            return protocol
    return None
