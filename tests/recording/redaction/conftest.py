"""Hypothesis without its time limit per example: a loaded machine is slow, and that proves nothing."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("relay", deadline=None)
settings.load_profile("relay")
