"""What is known of the desks, without asking them: how each is, what it offers, and which is asked first."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import attrs
import trio

from cdp_relay.chat.chains import Chain
from cdp_relay.chat.changes import SiteChanges
from cdp_relay.chat.desk import Desk
from cdp_relay.chat.health import PERSON_STATES
from cdp_relay.chat.labels import DEFAULT_PROFILE
from cdp_relay.chat.offering import Offering, chain_model, desk_models, desk_title
from cdp_relay.chat.routing import has_accounts
from cdp_relay.chat.status import ModelInfo, ModelRest, RelayStatus, Route, SiteStatus
from cdp_relay.settings import ChatSettings

__all__ = ["Overview"]

_CLOSED = PERSON_STATES | {"cooling_down", "drift"}
"""States in which a site can't take work until something changes."""


@attrs.define(eq=False)
class Overview:
    """The desks of a relay at one moment. Touches no browser."""

    offering: Offering
    desks: Mapping[str, Desk]
    """By their names."""
    _chat: ChatSettings
    _watchers: set[SiteChanges] = attrs.field(factory=set, init=False)
    _created: int = attrs.field(factory=lambda: int(time.time()), init=False)
    _started: float = attrs.field(factory=trio.current_time, init=False)

    @property
    def _drops(self) -> bool:
        """Whether a full queue takes one more in another one's place."""
        return self._chat.when_full == "drop" and self._chat.queue > 0

    def __attrs_post_init__(self) -> None:
        for desk in self.desks.values():
            desk.health.on_change = partial(self._tell_change, desk)

    # --- where labels lead

    def route(self, label: str) -> Route:
        """Where a label leads; of a chain, the place that would be asked now."""
        routes = self.routes(label)
        if len(routes) == 1:
            return routes[0]
        return next((one for one in routes if self.site(self.desks[one.desk]).ready), routes[0])

    def routes(self, label: str) -> Sequence[Route]:
        """Where a label leads, in the order in which the places are asked."""
        routing = self.offering.routing
        routes = routing.routes(label)
        chain = routing.chains.get(routes[0].chain)
        return sorted(routes, key=self._load) if chain is not None and chain.least_busy else routes

    def _load(self, route: Route) -> tuple[bool, int]:
        status = self.site(self.desks[route.desk])
        return not status.ready, status.busy + status.waiting

    # --- what is offered

    def models(self) -> Iterator[ModelInfo]:
        """The labels that name a site or one of its models, then the chains."""
        for desk in self.desks.values():
            status = self.site(desk)
            yield from desk_models(
                desk.name,
                desk.provider,
                self.offering.memory.menus.get(desk.name),
                created=self._created,
                state=partial(_model_state, status),
            )
        yield from map(self._model_of, self.offering.routing.chains.values())

    def _model_of(self, chain: Chain) -> ModelInfo:
        status = self.site(self.desks[self.route(chain.name).desk])
        return chain_model(chain, created=self._created, state=status.state)

    # --- how they are

    def status(self) -> RelayStatus:
        """How the browsers and the sites are."""
        browsers = {desk.browser.profile: desk.browser for desk in self.desks.values()}
        return RelayStatus(
            browser=browsers[DEFAULT_PROFILE].status,
            browsers=tuple(browser.status for browser in browsers.values()),
            sites=tuple(self.site(desk) for desk in self.desks.values()),
            uptime_seconds=trio.current_time() - self._started,
        )

    def watch(self) -> SiteChanges:
        """Follow the changes from now on."""
        watcher = SiteChanges(self._watchers.discard)
        self._watchers.add(watcher)
        return watcher

    def _tell_change(self, desk: Desk) -> None:
        for watcher in self._watchers:
            watcher.put(self.site(desk))

    def site(self, desk: Desk) -> SiteStatus:
        """How one desk is."""
        health, pool = desk.health, desk.pool.statistics
        health.thaw()
        state, message, until = health.state, health.message, health.until
        if state == "unknown" and (health.signed_in or not has_accounts(desk.provider.site)):
            state = "ready"
        chosen = health.model_cool_downs.get("")
        if state == "ready" and chosen is not None:
            state, message, until = "cooling_down", chosen.message, chosen.until
        if state == "ready" and pool.busy >= pool.size:
            state = "busy"
        room = pool.busy < pool.size or pool.waiting < self._chat.queue or self._drops
        return SiteStatus(
            name=desk.name,
            title=desk_title(desk.name, desk.provider),
            profile=desk.browser.profile,
            state=state,
            message=message,
            next_step=health.error.next_step if health.error else "",
            needs_person=health.paused,
            drifts=desk.drifts.seen,
            resting_models=tuple(
                ModelRest(model=model, until=down.until, message=down.message)
                for model, down in health.model_cool_downs.items()
            ),
            until=until,
            tabs=pool.tabs,
            busy=pool.busy,
            waiting=pool.waiting,
            pool=pool,
            next_at=desk.pacer.next_at,
            ready=state not in _CLOSED and room and desk.browser.supervisor.state != "down",
        )


def _model_state(site: SiteStatus, model: str | None) -> str:
    """How a site is, or one of its models, where that differs from the site's own choice."""
    if model is None:
        return site.state
    resting = [rest.model for rest in site.resting_models]
    if model in resting:
        return "cooling_down"
    return "ready" if "" in resting and site.state == "cooling_down" else site.state
