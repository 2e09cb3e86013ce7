"""All that labels can name: sites in their profiles, models, chains. No browser is needed to know it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs

from cdp_relay.chat.chains import Chain
from cdp_relay.chat.contract import Provider
from cdp_relay.chat.health import SiteMemory
from cdp_relay.chat.labels import DEFAULT_PROFILE, split_desk
from cdp_relay.chat.offers import SeenModels, offered_models
from cdp_relay.chat.profiles import check_profiles, profile_desks
from cdp_relay.chat.registry import Registry, load_registry
from cdp_relay.chat.routing import Routing, open_routing
from cdp_relay.chat.status import ModelInfo
from cdp_relay.settings import Home, Settings

__all__ = ["Offering", "chain_model", "desk_models", "desk_title", "load_offering"]


@attrs.frozen(kw_only=True)
class Offering:
    """What the settings offer, with what is known of it. Made by :func:`load_offering`."""

    registry: Registry
    desks: Mapping[str, tuple[str, str]]
    """The site and the profile of each desk."""
    memory: SiteMemory
    routing: Routing

    def provider(self, desk: str) -> Provider:
        """The site of a desk."""
        return self.registry.providers[self.desks[desk][0]]

    def models(self) -> Iterator[ModelInfo]:
        """All labels, where no browser runs that could say how its sites are."""
        for desk in self.desks:
            yield from desk_models(desk, self.provider(desk), self.memory.menus.get(desk), created=0)
        for chain in self.routing.chains.values():
            yield chain_model(chain, created=0)


def load_offering(home: Home, settings: Settings) -> Offering:
    """Load the sites, and check what the settings say of profiles, chains and the default site.

    Raises:
      SettingsError: a setting or a provider's file is wrong.
      ProfileRefused: a profile's folder is somebody's everyday profile.
    """
    registry = load_registry(home, settings)
    check_profiles(settings, home, registry.providers)
    desks = profile_desks(settings, registry.providers)
    memory = SiteMemory(home.sites_file)
    memory.load(tuple(desks))
    routing = open_routing(
        settings,
        {name: registry.providers[site].site for name, (site, _) in desks.items()},
        memory.menus,
        lambda name: bool(memory.health(name).signed_in),
    )
    return Offering(registry=registry, desks=desks, memory=memory, routing=routing)


def desk_title(desk: str, provider: Provider) -> str:
    """What a person calls a desk: the site, with the profile where that is a further one."""
    _, profile = split_desk(desk)
    return provider.site.title if profile == DEFAULT_PROFILE else f"{provider.site.title} ({profile})"


def desk_models(
    desk: str,
    provider: Provider,
    menu: SeenModels | None,
    *,
    created: int,
    state: Callable[[str | None], str] = lambda _: "unknown",
) -> Iterator[ModelInfo]:
    """The labels of one desk: the site's own, then those of its models.

    Args:
      menu: what its menu of models had when it was last open.
      state: how the desk is, or one of its models.
    """
    yield ModelInfo(id=desk, site=desk, title=desk_title(desk, provider), created=created, state=state(None))
    for offer in offered_models(provider.site, menu):
        yield ModelInfo(
            id=f"{desk}/{offer.id}",
            site=desk,
            title=offer.label,
            created=created,
            state=state(offer.model),
            source=offer.source,
            seen_at=menu.seen_at if menu is not None and offer.available is not None else None,
            available=offer.available,
        )


def chain_model(chain: Chain, *, created: int, state: str = "unknown") -> ModelInfo:
    """The label of a chain."""
    return ModelInfo(
        id=chain.name, site="chain", title=chain.title, created=created, state=state, source="settings"
    )
