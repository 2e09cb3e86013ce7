"""Which chat on a site holds a request's conversation so far. Sans-IO but for the journal that it is told to.

* :mod:`.facts`: what of a message counts, as digests that small changes of a client's leave alone.
* :mod:`.results`: whether a tool's result is the one that was sent, or a shortened form of it.
* :mod:`.shown`: whether a page shows the answer that it last gave.
* :mod:`.held`: a chat, with all that is known of what it holds; as JSON for the journal.
* :mod:`.tree`: the chats in a prefix tree over those digests.
* :mod:`.claim`: one request's way to its chat.
* :mod:`.keeping`: all chats: claimed by one turn at a time, bounded, and kept over restarts.
"""

from cdp_relay.chat.conversations.claim import Claim, MatchKind
from cdp_relay.chat.conversations.facts import AnswerFacts, Unit, read_units
from cdp_relay.chat.conversations.held import Contents, HeldChat
from cdp_relay.chat.conversations.keeping import Conversations
from cdp_relay.chat.conversations.shown import ShownAnswer

__all__ = [
    "AnswerFacts",
    "Claim",
    "Contents",
    "Conversations",
    "HeldChat",
    "MatchKind",
    "ShownAnswer",
    "Unit",
    "read_units",
]
