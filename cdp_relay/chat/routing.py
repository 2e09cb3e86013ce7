"""Where labels lead: to a desk, to the desks of a chain in their order, or to the default site."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from cdp_relay.chat.chains import Chain, read_chains
from cdp_relay.chat.contract import SiteDefinition
from cdp_relay.chat.labels import DEFAULT_PROFILE, Label, desk_name, read_label
from cdp_relay.chat.offers import SeenModels, is_offered
from cdp_relay.chat.status import Route
from cdp_relay.errors import ModelNotFound, SettingsError
from cdp_relay.settings import Settings

__all__ = ["Routing", "has_accounts", "open_routing"]


def has_accounts(site: SiteDefinition) -> bool:
    """Whether somebody can sign in to it."""
    return site.pages.sign_in is not None


@attrs.define(eq=False)
class Routing:
    """Reads labels. Made by :func:`open_routing`, which has checked the settings."""

    _desks: Mapping[str, SiteDefinition]
    """The sites by the names of their desks, in the order of their preference."""
    _menus: Mapping[str, SeenModels]
    """What the desks' menus of models had when they were last open; changes as they are read."""
    _signed_in: Callable[[str], bool]
    """Whether somebody was last seen to be signed in at a desk."""
    chains: Mapping[str, Chain]
    _default: str

    def routes(self, label: str) -> tuple[Route, ...]:
        """Where a label leads: one route, or those of a chain in the order of their preference.

        ``SITE``, ``SITE@PROFILE``, each with ``/MODEL`` and with ``:EFFORT`` or without; ``CHAIN``, with
        ``:EFFORT`` or without. Anything else leads to the default site.

        Raises:
          ModelNotFound: it names a site in a profile that there is not, or that does not offer it.
        """
        found = self._named(label)
        if found is None:
            found = self._named(self.default_label())
            assert found is not None, "the settings were checked"
            found = tuple(attrs.evolve(route, by_default=True) for route in found)
        return found

    def default_label(self) -> str:
        """The label that stands for all that name nothing."""
        if self._default != "auto":
            return self._default
        own = {name: site for name, site in self._desks.items() if name == site.name}
        for name, site in own.items():
            if has_accounts(site) and self._signed_in(name):
                return name
        return next((name for name, site in own.items() if not has_accounts(site)), next(iter(own)))

    def _named(self, label: str) -> tuple[Route, ...] | None:
        name, _, effort = label.partition(":")
        chain = self.chains.get(name)
        if chain is None:
            read = read_label(label, self._sites(), self._menus)
            return None if read is None else (self._route(read),)
        routes = []
        for one in chain.labels:
            read = read_label(one, self._sites(), self._menus)
            assert read is not None, "the settings were checked"
            wished = read.effort or effort.lower() or None
            routes.append(self._route(attrs.evolve(read, effort=wished), chain=name))
        # Which of them answers is not known before one does.
        honours = frozenset.intersection(*(route.honours for route in routes))
        return tuple(attrs.evolve(route, honours=honours) for route in routes)

    def _route(self, read: Label, chain: str = "") -> Route:
        desk = desk_name(read.site, read.profile)
        site = self._desks.get(desk)
        if site is None:
            raise _no_desk(read, self._desks)
        # What a chain names is meant: where the site lacks it, the next one is asked, and not its own choice.
        known = read.model is None or site.any_model or bool(chain)
        known = known or is_offered(site, read.model or "", self._menus.get(desk))
        return Route(
            site=read.site,
            profile=read.profile,
            model=read.model if known else None,
            by_default=not known,
            effort=read.effort,
            honours=frozenset(site.controls) | {"max_output_tokens", "stop"},
            chain=chain,
        )

    def _sites(self) -> dict[str, SiteDefinition]:
        return {site.name: site for site in self._desks.values()}


def open_routing(
    settings: Settings,
    desks: Mapping[str, SiteDefinition],
    menus: Mapping[str, SeenModels],
    signed_in: Callable[[str], bool],
) -> Routing:
    """Check what the settings say of labels.

    Raises:
      SettingsError: a chain or the default site is wrong.
    """
    sites = {site.name: site for site in desks.values()}
    places = {}
    for chain in settings.chains.values():
        for label in chain.models:
            read = read_label(label, sites, menus)
            if read is not None and desk_name(read.site, read.profile) in desks:
                places[label] = (read.site, read.profile)
    chains = read_chains(settings.chains, desks, sites, places)
    default = settings.chat.default_site
    if default != "auto" and default not in chains and default not in desks:
        known = ", ".join((*desks, *chains))
        raise SettingsError(f"chat.default_site is {default!r}, but there are {known}.")
    return Routing(desks, menus, signed_in, chains, default)


def _no_desk(read: Label, desks: Mapping[str, SiteDefinition]) -> ModelNotFound:
    label = desk_name(read.site, read.profile)
    offered = ", ".join(name for name, site in desks.items() if site.name == read.site)
    if read.profile == DEFAULT_PROFILE:
        why = f"{read.site!r} is not offered in the default profile"
    else:
        profiles = sorted({name.partition("@")[2] for name in desks} - {""})
        known = f"the profiles are {', '.join(profiles)}" if profiles else "there are no further profiles"
        why = f"{label!r} names a site in a profile that does not offer it, or that there is not: {known}"
    return ModelNotFound(f"No such model: {why}. Try one of: {offered}.", param="model")
