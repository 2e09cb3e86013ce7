"""What clients call a model: ``SITE``, ``SITE@PROFILE``, each with ``/MODEL`` and ``:EFFORT`` or without.

Sans-IO.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from cdp_relay.chat.contract import SiteDefinition
from cdp_relay.chat.offers import SeenModels, is_offered

__all__ = ["DEFAULT_PROFILE", "EFFORT_WORDS", "Label", "desk_name", "read_label", "split_desk"]

DEFAULT_PROFILE = "default"
"""The profile of ``[chrome]``, which labels need not name."""

EFFORT_WORDS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
"""Words for an effort that every site's label may end with."""


def desk_name(site: str, profile: str) -> str:
    """How a desk is called, in labels too: ``chatgpt``, and ``chatgpt@work`` in a further profile."""
    return site if profile == DEFAULT_PROFILE else f"{site}@{profile}"


def split_desk(name: str) -> tuple[str, str]:
    """The site and the profile of a desk's name."""
    site, at, profile = name.partition("@")
    return site, profile if at else DEFAULT_PROFILE


@attrs.frozen(kw_only=True)
class Label:
    """A client's model label, taken apart."""

    site: str
    profile: str = DEFAULT_PROFILE
    """As the label has it; there need be none of that name."""
    model: str | None
    effort: str | None


def read_label(
    label: str, sites: Mapping[str, SiteDefinition], seen: Mapping[str, SeenModels]
) -> Label | None:
    """Take a label apart; None when it names none of the sites.

    A model's own name may hold a colon, so what follows the last one is an effort only where it is a
    word for one, in general or on that site.

    Args:
      seen: what the sites' menus had, by the names of the desks.
    """
    name, slash, rest = label.partition("/")
    if not slash:
        name, colon, effort = label.partition(":")
        rest = f":{effort}" if colon else ""
    site_name, profile = split_desk(name)
    site = sites.get(site_name)
    if site is None:
        return None
    if is_offered(site, rest, seen.get(desk_name(site_name, profile))):
        return Label(site=site_name, profile=profile, model=rest, effort=None)
    model, colon, effort = rest.rpartition(":")
    if colon and effort.lower() in _efforts(site):
        return Label(site=site_name, profile=profile, model=model or None, effort=effort.lower())
    return Label(site=site_name, profile=profile, model=rest or None, effort=None)


def _efforts(site: SiteDefinition) -> frozenset[str]:
    rule = site.controls.get("effort")
    listed = {effort.lower() for offer in site.models for effort in offer.efforts}
    return EFFORT_WORDS | listed | {value.lower() for value in (rule.values if rule is not None else ())}
