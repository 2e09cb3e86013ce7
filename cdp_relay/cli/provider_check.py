"""Check a provider's files as far as that goes without its site."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from cdp_relay.chat.contract import Provider, StreamDecoder
from cdp_relay.chat.registry import load_provider
from cdp_relay.errors import ProtocolViolation, RelayError, SettingsError
from cdp_relay.settings import Home

__all__ = ["check_provider"]

_ONLY_PYTHON = re.compile(r"\(\?P[<=>]|\(\?[aiLmsux]+[:)-]|\\[AZ]|\(\?#|\(\?\(|\(\?>|[*+?}]\+")
"""Forms of regular expressions that a page's JavaScript does not know, or reads as something else."""

_NONSENSE = b'data: {"no": "such shape"}\n\n\xff\xfe]][[{"'


def check_provider(name: str, home: Home) -> None:
    """Load a provider, and try its code on what it does not know.

    Raises:
      SettingsError: a key is wrong, an expression cannot be asked of a page, or the code breaks on
        nonsense; the message names the key or the method.
    """
    provider = load_provider(name, home)
    for number, rule in enumerate(provider.site.states):
        for key, pattern in (("url", rule.url), ("text", rule.text), ("title", rule.title)):
            _check_pattern(f"states[{number}].{key}", pattern)
        if not (rule.url or rule.text or rule.title or rule.selector):
            raise SettingsError(f"{name}: states[{number}] has none of url, selector, text and title.")
    _try("new_decoder", name, provider.new_decoder)
    _try("read_submission", name, lambda: provider.read_submission(_NONSENSE))
    for status in (200, 401, 403, 429, 500):
        _try("refusal", name, functools.partial(_refusal, provider, status))
    _try("the decoder", name, lambda: _decode(provider.new_decoder()))


def _check_pattern(key: str, pattern: str | None) -> None:
    if pattern is None:
        return
    try:
        re.compile(pattern)
    except re.error as error:
        raise SettingsError(f"{key}: {pattern!r} is not a regular expression: {error}") from None
    found = _ONLY_PYTHON.search(pattern)
    if found is not None:
        raise SettingsError(
            f"{key}: {found.group()!r} in {pattern!r} means something else, or nothing, to a page's engine."
        )


def _refusal(provider: Provider, status: int) -> None:
    error = provider.refusal(status, {"content-type": "text/plain"}, _NONSENSE)
    if not isinstance(error, RelayError):
        raise TypeError(f"returned {type(error).__name__}, not a RelayError")


def _decode(decoder: StreamDecoder) -> None:
    try:
        list(decoder.feed(_NONSENSE))
        list(decoder.feed_frame("nonsense"))
        list(decoder.end_body())
        decoder.resume(b"")
    except ProtocolViolation:
        pass  # the one thing that a decoder may raise


def _try(what: str, name: str, act: Callable[[], object]) -> None:
    try:
        act()
    except Exception as error:
        # A stranger's code may fail in any way; the person needs to know where.
        raise SettingsError(f"{name}: {what} breaks on nonsense: {type(error).__name__}: {error}") from error
