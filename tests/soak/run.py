"""One soak: the sites, the service, the clients and the strikes, until the plan is over."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import trio

from tests.sites.chats import CHAT_SITES
from tests.sites.kit import ChatSite, SiteServer
from tests.soak.clients import Heard, Line, ask
from tests.soak.model import SiteModel
from tests.soak.plan import Fault, Plan, PlannedTurn, Talk
from tests.soak.service import Census, Service, open_service
from tests.soak.strikes import Striker
from tests.soak.verdict import AT_REST, Asked, Evidence
from tests.soak.written import is_settled, read_journal

__all__ = ["Soak", "run_soak"]

_MOST_RETURNS = 8
_QUIET_SECONDS = 60.0
_CLOSING_SECONDS = 15.0

Tell = Callable[[str], None]


async def run_soak(plan: Plan, *, checks: int, patience: float = 5.0, tell: Tell = print) -> Soak:
    """Run a plan to its end.

    Args:
      checks: how often, on the way, everything comes to rest and is counted.
      patience: seconds of a site's silence after which an answer is given up.
      tell: is told how far it is.
    """
    chosen = {kind.name: kind() for kind in CHAT_SITES if kind.name in plan.sites}
    for site in chosen.values():
        await trio.to_thread.run_sync(site.bundle_page)
    server = SiteServer(list(chosen.values()))
    server.start()
    home = Path(tempfile.mkdtemp(prefix="cdp-relay-soak-"))
    try:
        async with open_service(home, server.chromium_flags, _settings(plan, patience)) as service:
            soak = Soak(plan=plan, service=service, sites=chosen, tell=tell)
            await soak.run(checks)
            soak.site_failures = list(server.failures)
        return soak
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def _settings(plan: Plan, patience: float) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "chat.sites": list(plan.sites),
        "chat.tabs": plan.tabs,
        "server.shutdown_seconds": 3.0,
        "server.keepalive_seconds": 1.0,
        # Replicas need not be spared, and hang for good: nobody has to wait long for them.
        "limits.open_seconds": 20.0,
        "limits.ready_seconds": 15.0,
        "limits.submit_seconds": 10.0,
        "limits.first_byte_seconds": patience + 1,
        "limits.idle_seconds": patience,
        "limits.recover_seconds": 2 * patience,
        "log.level": "info",
    }
    for site in plan.sites:
        settings |= {f"sites.{site}.gap_seconds": 0, f"sites.{site}.per_hour": 0}
    return settings


@attrs.define(eq=False, kw_only=True)
class Soak:
    """A soak under way, and afterwards all that was seen of it."""

    plan: Plan
    service: Service
    sites: Mapping[str, ChatSite[Any]]
    tell: Tell
    model: SiteModel = attrs.field(init=False)
    striker: Striker = attrs.field(init=False)
    asked: list[Asked] = attrs.field(factory=list, init=False)
    censuses: list[Census] = attrs.field(factory=list, init=False)
    site_failures: list[str] = attrs.field(factory=list, init=False)
    log: list[str] = attrs.field(factory=list, init=False)
    """What the service said in all its lives."""
    evidence: Evidence = attrs.field(init=False)
    seconds: float = attrs.field(default=0.0, init=False)
    _begun: int = attrs.field(default=0, init=False)
    _active: int = attrs.field(default=0, init=False)
    _resting: bool = attrs.field(default=False, init=False)
    _moved: trio.Event = attrs.field(factory=trio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        self.model = SiteModel(self.plan, self.sites)
        self.striker = Striker(self.service, self.sites, self._until_begun)

    async def run(self, checks: int) -> None:
        """Ask everything, strike, count, stop the service, and gather the evidence."""
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._strike, nursery.cancel_scope)
            nursery.start_soon(self._count, checks)
            async with trio.open_nursery() as clients:
                for number in range(self.plan.clients):
                    clients.start_soon(self._be_client, number)
            # What was to come later than the last request comes to nothing.
            self._begun = len(self.plan.turns) + 1_000
            self._wake()
            nursery.cancel_scope.deadline = trio.current_time() + 2 * _QUIET_SECONDS
        self.model.release()
        self.seconds = trio.current_time() - began
        await self._finish()

    async def _finish(self) -> None:
        service = self.service
        await self._until_quiet()
        self.censuses.append(await service.census(len(self.asked)))
        await service.end("terminate")
        self.log = service.log.splitlines()
        bugs = [line for line in self.log if "Traceback" in line or "turn_bug" in line]
        self.evidence = Evidence(
            asked=self.asked,
            planned=self.plan.turns,
            blows=self.striker.blows,
            submissions=self.model.submissions,
            arrivals=self.model.arrivals(),
            unplanned=self.model.unplanned(),
            censuses=self.censuses,
            tabs_allowed=self.plan.tabs * len(self.plan.sites),
            journal=await trio.to_thread.run_sync(read_journal, service.home),
            deaths=service.deaths,
            left_processes=service.left_processes(),
            leftovers=service.leftovers(),
            site_failures=self.site_failures,
            log_bugs=bugs,
        )

    # --- clients

    async def _be_client(self, number: int) -> None:
        for talk in self.plan.talks:
            if talk.client == number:
                await self._hold_talk(talk)

    async def _hold_talk(self, talk: Talk) -> None:
        """Go through one conversation; a message without a whole answer is left out of what follows."""
        lines: list[Line] = []
        said: list[str] = []
        for turn in talk.turns:
            async with self._one_more():
                asked = await self._ask(talk, turn, lines, said)
            self.asked.append(asked)
            if asked.outcome == "answered":
                lines += [("user", turn.prompt), ("assistant", asked.heard[-1].text)]
                said.append(turn.mark)

    async def _ask(self, talk: Talk, turn: PlannedTurn, lines: list[Line], said: list[str]) -> Asked:
        """Send one request; again only under a key, and where nothing had been sent at all."""
        asked = Asked(
            talk=talk,
            turn=turn,
            began=trio.current_time(),
            ended=0.0,
            heard=(),
            history=frozenset(said),
        )
        key = f"soak-{turn.mark}" if turn.fault is Fault.RETURNS else ""
        heard: list[Heard] = []
        while len(heard) <= _MOST_RETURNS:
            await self.service.up()
            one = await ask(
                self.service.address,
                turn,
                [*lines, ("user", turn.prompt)],
                site=talk.site,
                client=f"soak-client-{talk.client}",
                key=key,
                leaves=turn.fault in (Fault.LEAVES, Fault.LEAVES_EARLY)
                or (turn.fault is Fault.RETURNS and not heard),
            )
            if one.end == "unreachable":
                await trio.sleep(0.05)
                continue
            if one.end == "endless":
                self.service.tell_tasks()
            heard.append(one)
            if not key or one.end in ("answered", "error"):
                break
        asked.heard, asked.ended = tuple(heard), trio.current_time()
        return asked

    # --- the course of things

    @asynccontextmanager
    async def _one_more(self) -> AsyncGenerator[None, None]:
        while self._resting:
            await self._moved.wait()
        self._begun += 1
        self._active += 1
        self._wake()
        try:
            yield
        finally:
            self._active -= 1
            self._wake()

    def _wake(self) -> None:
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    async def _until_begun(self, count: int) -> None:
        while self._begun < count:
            await self._moved.wait()

    async def _strike(self, scope: trio.CancelScope) -> None:
        await self.striker.run([one for one in self.plan.strikes if one.at < len(self.plan.turns)])

    async def _count(self, checks: int) -> None:
        total = len(self.plan.turns)
        for number in range(1, checks + 1):
            at = total * number // (checks + 1)
            await self._until_begun(at)
            if self._begun > total:
                return
            self._resting = True
            try:
                while self._active:
                    await self._moved.wait()
                self.model.release()
                await self._until_quiet()
                census = await self.service.census(self._begun)
                self.censuses.append(census)
                self.tell(self._progress(census))
            finally:
                self._resting = False
                self._wake()

    async def _until_quiet(self) -> None:
        """Wait until the service says that nothing is under way, and its journal that nothing is open."""
        with trio.move_on_after(_QUIET_SECONDS):
            while True:
                await self.service.up()
                try:
                    figures = await self.service.figures()
                except OSError:
                    await trio.sleep(0.2)
                    continue
                if not any(figures.get(name) for name in AT_REST) and await trio.to_thread.run_sync(
                    is_settled, self.service.home
                ):
                    break
                await trio.sleep(0.2)
        await trio.sleep(1.0)  # tabs are led to a new chat, connections are closed
        # A page that hangs takes a while to be closed; what leaks stays.
        allowed = self.plan.tabs * len(self.plan.sites)
        with trio.move_on_after(_CLOSING_SECONDS):
            while await self._site_pages() > allowed:  # noqa: ASYNC110  # the browser tells nobody here
                await trio.sleep(0.5)

    async def _site_pages(self) -> int:
        return sum(page["url"].startswith("https://") for page in await self.service.pages())

    def _progress(self, census: Census) -> str:
        answered = sum(one.outcome == "answered" for one in self.asked)
        return (
            f"{len(self.asked)} of {len(self.plan.turns)} asked, {answered} answered; life {census.life}: "
            f"{census.memory_mb} MB, {census.files} files, {sum(census.tasks.values())} tasks, "
            f"{census.tabs} tabs"
        )
