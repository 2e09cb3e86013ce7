"""The chat sites that have a replica; a new one is a line here."""

from __future__ import annotations

from typing import Any

from tests.sites.aistudio import AIStudioSite
from tests.sites.chatgpt import ChatGPTSite
from tests.sites.claude import ClaudeSite
from tests.sites.deepseek import DeepSeekSite
from tests.sites.gemini import GeminiSite
from tests.sites.kit import ChatSite

__all__ = ["CHAT_SITES"]

CHAT_SITES: tuple[type[ChatSite[Any]], ...] = (
    ChatGPTSite,
    ClaudeSite,
    GeminiSite,
    AIStudioSite,
    DeepSeekSite,
)
