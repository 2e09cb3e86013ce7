"""The site as a test sees it: what it says next, which state it is in, and what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from tests.sites.chatgpt.backend import Backend

__all__ = ["ChatGPTSite"]


class ChatGPTSite(Backend):
    """chatgpt.com, with its socket's and its sign-in's hosts.

    Further kinds of the journal: ``prepare``, ``resume``, and from the page ``subscribe`` and ``wiped``
    (with the text).
    """

    def generation(self, name: Literal["A", "B"]) -> None:
        """Serve this generation of the page from the next load on."""
        self._options["generation"] = name

    def command(self, name: str, values: Mapping[str, Any]) -> Any:
        """Do what the control desk asks."""
        if name == "generation":
            self.generation(**values)
            return None
        return super().command(name, values)
