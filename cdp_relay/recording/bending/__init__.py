"""Recordings bent for tests: what a site might have done, made from what it did."""

from cdp_relay.recording.bending._swapping import exchange_of_answer
from cdp_relay.recording.bending.bending import Bending, Place, bend

__all__ = ["Bending", "Place", "bend", "exchange_of_answer"]
