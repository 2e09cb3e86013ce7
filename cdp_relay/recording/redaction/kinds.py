"""What a secret or a personal value is."""

from __future__ import annotations

from typing import Literal

__all__ = ["Kind"]

Kind = Literal[
    "token",  # a key, a session, a signature: whatever opens something
    "id",  # of an account, a chat, a message, a device
    "email",
    "phone",
    "address",  # of a machine: IPv4, IPv6, MAC
    "account",  # of a bank, a card
    "place",  # where somebody is
    "avatar",
    "name",  # of a person
    "text",  # what somebody wrote or is told: titles, answers
]
