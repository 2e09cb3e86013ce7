"""The images and files of an answer, as parts of the forms that a request may hold them in."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import attrs

from cdp_relay.chat.vocabulary import FileProduced


@attrs.define
class FileWriter:
    """Writes an answer's files as parts, and counts them."""

    _counts: dict[str, int] = attrs.field(factory=dict)

    def write(self, file: FileProduced) -> tuple[str, dict[str, Any]]:
        """The name of the list that the part belongs to, and the part."""
        url = f"data:{file.media_type};base64,{b64encode(file.data).decode()}"
        part: dict[str, Any]
        if file.media_type.startswith("image/"):
            # OpenRouter's form, which others took over.
            name, part = "images", {"type": "image_url", "image_url": {"url": url}, "name": file.name}
        else:
            name, part = "files", {"type": "file", "file": {"filename": file.name, "file_data": url}}
        if file.description:
            part["description"] = file.description
        index = self._counts[name] = self._counts.get(name, -1) + 1
        return name, part | {"index": index}
