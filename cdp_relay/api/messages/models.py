"""The model list in Anthropic's shape."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cdp_relay.chat.status import ModelInfo

__all__ = ["VERSION_HEADER", "model_entry", "model_page"]

VERSION_HEADER = "anthropic-version"
"""The header by which a request to a path of more than one dialect says that it speaks this one."""

_NUMBER = re.compile(r"[0-9]{1,9}")
_USUAL_LIMIT = 20
_MOST = 1000


def model_entry(info: ModelInfo) -> dict[str, Any]:
    """One model."""
    return {
        "type": "model",
        "id": info.id,
        "display_name": info.title,
        "created_at": datetime.fromtimestamp(info.created, UTC).isoformat().replace("+00:00", "Z"),
        "lifecycle": "active",
    }


def model_page(
    infos: Sequence[ModelInfo], *, limit: str = "", after_id: str = "", before_id: str = ""
) -> dict[str, Any]:
    """One page of the list, by the words of the request's query; an id that is not listed bounds nothing."""
    places = {info.id: place for place, info in enumerate(infos)}
    count = min(max(int(limit), 1), _MOST) if _NUMBER.fullmatch(limit) else _USUAL_LIMIT
    first = places[after_id] + 1 if after_id in places else 0
    end = len(infos)
    if before_id in places:
        end = places[before_id]
        first = max(first, end - count)
    page = infos[first : min(end, first + count)]
    more = first > 0 if before_id in places else first + len(page) < len(infos)
    return {
        "data": [model_entry(info) for info in page],
        "has_more": more,
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
    }
