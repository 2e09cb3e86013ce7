"""The models, as Ollama's clients list and examine them. None of it touches the browser."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from cdp_relay.chat.status import ModelInfo

__all__ = ["VERSION", "model_details", "model_tags"]

VERSION = "0.13.0"
"""The version of Ollama whose dialect this is; clients refuse to work with ones that are too old."""

_FAMILY = "cdp-relay"
_CONTEXT_TOKENS = 131_072
"""No page says how much its model takes. Clients that hear nothing assume a few thousand, and cut."""


def model_tags(infos: Iterable[ModelInfo]) -> dict[str, Any]:
    """The list of models."""
    return {"models": [_tag(info) for info in infos]}


def model_details(info: ModelInfo) -> dict[str, Any]:
    """What can be said about one model."""
    return {
        "modelfile": f"# {info.title}, behind a page of {info.site}\nFROM {info.id}\n",
        "parameters": "",
        "template": "{{ .Prompt }}",
        "license": "",
        "details": _details(info),
        "model_info": {
            "general.architecture": _FAMILY,
            "general.basename": info.id,
            f"{_FAMILY}.context_length": _CONTEXT_TOKENS,
        },
        "capabilities": ["completion", "tools", "vision", "thinking"],
        "modified_at": _moment(info),
    }


def _tag(info: ModelInfo) -> dict[str, Any]:
    return {
        "name": info.id,
        "model": info.id,
        "modified_at": _moment(info),
        "size": 0,
        "digest": hashlib.sha256(info.id.encode()).hexdigest(),
        "details": _details(info),
    }


def _details(info: ModelInfo) -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": "page",
        "family": info.site,
        "families": [info.site],
        "parameter_size": "",
        "quantization_level": "",
    }


def _moment(info: ModelInfo) -> str:
    return datetime.fromtimestamp(info.created, UTC).isoformat().replace("+00:00", "Z")
