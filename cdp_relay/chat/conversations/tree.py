"""The held chats in a prefix tree: from a request's units to the chats that begin with them.

An inference server finds the longest prefix of a prompt that it has computed before; this finds the chat
that has been told most of a conversation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from cdp_relay.chat.conversations.held import HeldChat

__all__ = ["ChatTree"]


@attrs.define(eq=False)
class _Node:
    children: dict[str, _Node] = attrs.field(factory=dict)
    ending: list[HeldChat] = attrs.field(factory=list)
    """Chats that hold exactly what leads here."""
    before: list[HeldChat] = attrs.field(factory=list)
    """Chats that held that before their last exchange."""

    @property
    def is_bare(self) -> bool:
        return not (self.children or self.ending or self.before)


@attrs.define(eq=False)
class ChatTree:
    """The chats of one desk. A chat's contents must not change while it is in here."""

    _root: _Node = attrs.field(factory=_Node, init=False)

    def add(self, chat: HeldChat) -> None:
        """Add a chat."""
        node, contents = self._root, chat.contents
        for count, key in enumerate(contents.keys):
            if count == contents.before:
                node.before.append(chat)
            node = node.children.setdefault(key, _Node())
        node.ending.append(chat)

    def remove(self, chat: HeldChat) -> None:
        """Remove a chat that is in here."""
        contents = chat.contents
        path = [self._root]
        for key in contents.keys:
            path.append(path[-1].children[key])
        path[-1].ending.remove(chat)
        if contents.before < len(contents.keys):
            path[contents.before].before.remove(chat)
        for key, parent, node in reversed(list(zip(contents.keys, path, path[1:], strict=False))):
            if node.is_bare:
                del parent.children[key]

    def holding(self, keys: Sequence[str]) -> Iterator[tuple[int, HeldChat]]:
        """The chats that hold a beginning of *keys*, the longest first, each with its length."""
        for count, node in self._path(keys):
            for chat in node.ending:
                yield count, chat

    def held_before(self, keys: Sequence[str]) -> Iterator[tuple[int, HeldChat]]:
        """The same for what the chats held before their last exchange."""
        for count, node in self._path(keys):
            for chat in node.before:
                yield count, chat

    def _path(self, keys: Sequence[str]) -> list[tuple[int, _Node]]:
        node, path = self._root, [(0, self._root)]
        for count, key in enumerate(keys, 1):
            following = node.children.get(key)
            if following is None:
                break
            node = following
            path.append((count, node))
        path.reverse()
        return path
