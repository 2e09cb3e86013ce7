"""A replica of chat.deepseek.com, for the provider that the docs build: the least that a chat site takes."""

from tests.sites.deepseek.site import DeepSeekSite

__all__ = ["DeepSeekSite"]
