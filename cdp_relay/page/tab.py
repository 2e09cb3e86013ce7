"""A tab: its page's life, its address, and ways to work with it."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio

from cdp_relay.cdp import Connection, Session, Subscription, protocol
from cdp_relay.errors import BrowserError, CommandTimeout, SiteError, SiteTimeout, SiteUnreachable, TabClosed
from cdp_relay.page._prepare import prepare_session
from cdp_relay.page._shared_workers import SharedWorkers
from cdp_relay.page._world import World
from cdp_relay.page.keyboard import Keyboard
from cdp_relay.page.mouse import Mouse
from cdp_relay.page.sockets import OpenSockets

__all__ = ["Dialog", "Tab", "UrlWatch", "open_tab"]

_DIALOGS_KEPT = 20
_DIALOG_CHARS = 200
_CLOSE_SECONDS = 2.0
_UNREACHABLE = tuple(
    f"net::ERR_{name}"
    for name in (
        *("INTERNET_DISCONNECTED", "NETWORK_", "NAME_", "DNS_", "ADDRESS_", "CONNECTION_", "SOCKET_"),
        *("PROXY_", "TUNNEL_", "TIMED_OUT", "EMPTY_RESPONSE", "HTTP2_", "QUIC_"),
    )
)
"""What Chrome says when nobody answers, as opposed to an address that is refused."""


@attrs.frozen(kw_only=True)
class Dialog:
    """A JavaScript dialog that the page opened and that was answered at once."""

    type: str
    """``alert``, ``confirm``, ``prompt`` or ``beforeunload``."""
    url: str
    message: str = attrs.field(repr=False)
    accepted: bool
    at: float
    """On trio's clock."""


@attrs.define(eq=False)
class Tab:
    """One page of the browser, prepared and watched. Made by :func:`open_tab`."""

    session: Session
    target_id: str
    browser_context_id: str | None
    url: str = attrs.field(default="about:blank", init=False)
    """The main frame's address, kept current."""
    loader_id: str = attrs.field(default="", init=False)
    """Names the main frame's document; changes with every navigation to another document."""
    dialogs: deque[Dialog] = attrs.field(factory=lambda: deque(maxlen=_DIALOGS_KEPT), init=False)
    """The last dialogs, newest at the end."""
    popups: deque[str] = attrs.field(factory=lambda: deque(maxlen=_DIALOGS_KEPT), init=False)
    """Addresses of windows that the page opened and that were closed."""
    gone: trio.Event = attrs.field(factory=trio.Event, init=False)
    """Set once the page crashed or the tab was closed; then the tab is of no more use."""
    tasks: trio.Nursery = attrs.field(init=False, repr=False)
    """Where what works for the tab runs (captures); cancelled when the tab is left."""
    sockets: OpenSockets = attrs.field(factory=OpenSockets, init=False)
    mouse: Mouse = attrs.field(init=False)
    keyboard: Keyboard = attrs.field(init=False)
    world: World = attrs.field(init=False)
    keep_popups: bool = attrs.field(default=False, init=False)
    """Whether windows that the page opens may stay; they are closed otherwise."""
    _gone_error: BrowserError | None = attrs.field(default=None, init=False)

    shared_workers: SharedWorkers = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        connection = self.session.connection
        self.shared_workers = SharedWorkers(connection, self.browser_context_id, self.sockets.listen)
        self.mouse = Mouse(self.session)
        self.keyboard = Keyboard(self.session)
        # The main frame's id is the page target's id, over all navigations (measured).
        self.world = World(self.session, self.target_id)

    @property
    def alive(self) -> bool:
        """Whether the page can be worked with: neither crashed nor closed."""
        return self.gone_error is None

    @property
    def gone_error(self) -> BrowserError | None:
        """Why the tab is of no more use (PageCrashed, TabClosed, BrowserGone), or None."""
        return self._gone_error or self.session.error

    # --- going somewhere ------------------------------------------------------------------------

    async def navigate(self, url: str, *, timeout: float = 30.0) -> None:
        """Go to an address and wait until the new document is parsed (DOMContentLoaded).

        Chrome's success reply is not trusted: what counts is the document that came.

        Raises:
          SiteError: the address could not be loaded; ``details`` holds Chrome's net error.
          SiteTimeout: the document did not come in time; loading was stopped.
          BrowserError: the tab crashed or was closed.
        """
        with (
            self._loading(url, timeout) as loading,
            self.watch_lifecycle() as events,
            self.watch_url() as addresses,
        ):
            before = self.loader_id
            answer = await self.session.execute(protocol.Page.navigate(url), timeout=timeout)
            loading.refuse_if(answer.error_text, bool(answer.is_download))
            if answer.loader_id is not None:
                await self._parsed(events, before)
            else:  # only the fragment changed
                await addresses.__anext__()
            loading.refuse_if("net::ERR_FAILED" if self.url.startswith("chrome-error:") else None)

    async def reload(self, *, timeout: float = 30.0) -> None:
        """Load the page anew, also after a crash, and wait until it is parsed; raises as :meth:`navigate`."""
        with self._loading(self.url, timeout) as loading, self.watch_lifecycle() as events:
            before = self.loader_id
            await self.session.execute(protocol.Page.reload(), timeout=timeout)
            await self._parsed(events, before)
            loading.refuse_if("net::ERR_FAILED" if self.url.startswith("chrome-error:") else None)

    def watch_lifecycle(self) -> Subscription[protocol.Page.LifecycleEvent]:
        """Subscribe to the lifecycle events of all frames."""
        return self.session.subscribe(protocol.Page.LifecycleEvent)

    def watch_url(self) -> UrlWatch:
        """Follow the main frame's address from now on; a context manager and an async iterator."""
        return UrlWatch(self)

    @contextlib.contextmanager
    def _loading(self, url: str, timeout: float) -> Iterator[_Loading]:
        loading = _Loading(url)
        try:
            with trio.fail_after(timeout):
                yield loading
        except (trio.TooSlowError, CommandTimeout):
            # Until a pending navigation ends, Chrome answers nothing that concerns the page.
            self.session.post("Page.stopLoading")
            raise SiteTimeout(
                f"{loading.where} did not load within {timeout:g} s.",
                details={"step": "open", "seconds": timeout},
            ) from None

    async def _parsed(self, events: AsyncIterator[protocol.Page.LifecycleEvent], before: str) -> None:
        # Not the loader of our own navigation: a page may lead on before it is parsed itself.
        async for event in events:
            if (
                event.name == "DOMContentLoaded"
                and event.frame_id == self.target_id
                and event.loader_id != before
                and event.loader_id == self.loader_id
            ):
                return

    # --- asking the page ---------------------------------------------------------------------

    async def evaluate(
        self, function: str, *args: Any, timeout: float = 5.0, await_promise: bool = True
    ) -> Any:
        """Call a JavaScript function with JSON arguments, in a world of its own, and return its JSON result.

        The function shares the document with the page, but neither variables nor prototypes.

        Raises:
          PageNavigated: the document went away first.
          CommandFailed: the function threw.
          CommandTimeout: it did not answer in time.
        """
        return await self.world.evaluate(function, args, timeout=timeout, await_promise=await_promise)

    # --- what the page does -------------------------------------------------------------------

    def _listen(self, session: Session) -> None:
        """Register what must be heard before the session's first command is sent."""
        session.on(protocol.Page.JavascriptDialogOpening, lambda event: self._answer_dialog(session, event))
        self.sockets.listen(session)
        if session.target is None or session.target.target_id == self.target_id:
            session.on(protocol.Page.FrameNavigated, self._navigated)
            session.on(protocol.Page.NavigatedWithinDocument, self._moved)

    def _answer_dialog(self, session: Session, event: protocol.Page.JavascriptDialogOpening) -> None:
        accept = event.type == "beforeunload"
        session.post("Page.handleJavaScriptDialog", {"accept": accept})
        self.dialogs.append(
            Dialog(
                type=event.type or "",
                url=event.url or "",
                message=(event.message or "")[:_DIALOG_CHARS],
                accepted=accept,
                at=trio.current_time(),
            )
        )

    def _navigated(self, event: protocol.Page.FrameNavigated) -> None:
        if event.frame is not None and event.frame.id == self.target_id:
            self.url = event.frame.url + (event.frame.url_fragment or "")
            self.loader_id = event.frame.loader_id
            self.world.forget()

    def _moved(self, event: protocol.Page.NavigatedWithinDocument) -> None:
        if event.frame_id == self.target_id:
            self.url = event.url

    async def _find_out_where(self) -> None:
        """Learn the address and document of a page that was there before us."""
        tree = await self.session.execute(protocol.Page.get_frame_tree())
        if tree is not None and tree.frame is not None and not self.loader_id:
            self.url = tree.frame.url + (tree.frame.url_fragment or "")
            self.loader_id = tree.frame.loader_id

    async def _watch_life(self) -> None:
        """Set :attr:`gone` when the page ends. A subscription ends with the reason, whatever it was."""
        try:
            with self.session.subscribe(protocol.Inspector.Detached) as ends:
                async for _ in ends:
                    pass  # the session's own end follows
        except BrowserError as error:
            self._gone_error = error
        finally:
            self.gone.set()


@attrs.frozen
class _Loading:
    """One attempt to load a page: turns what Chrome says about it into errors."""

    url: str

    @property
    def where(self) -> str:
        return self.url.split("#", 1)[0].split("?", 1)[0][:200]

    def refuse_if(self, error_text: str | None, is_download: bool = False) -> None:
        if is_download:
            raise SiteError(f"{self.where} is a download, not a page.", details={"net_error": error_text})
        if error_text:
            kind = SiteUnreachable if error_text.startswith(_UNREACHABLE) else SiteError
            raise kind(f"{self.where} could not be loaded: {error_text}.", details={"net_error": error_text})


class UrlWatch:
    """The main frame's addresses, each once it is known that the frame is there."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._events = tab.session.subscribe(
            protocol.Page.FrameNavigated, protocol.Page.NavigatedWithinDocument, capacity=4096
        )

    def __enter__(self) -> UrlWatch:
        return self

    def __exit__(self, *_: object) -> None:
        self._events.close()

    def __aiter__(self) -> UrlWatch:
        return self

    async def __anext__(self) -> str:
        async for event in self._events:
            if isinstance(event, protocol.Page.FrameNavigated):
                if event.frame is not None and event.frame.id == self._tab.target_id:
                    return event.frame.url + (event.frame.url_fragment or "")
            elif isinstance(event, protocol.Page.NavigatedWithinDocument) and (
                event.frame_id == self._tab.target_id
            ):
                return event.url
        raise StopAsyncIteration


@asynccontextmanager
async def open_tab(
    connection: Connection,
    *,
    url: str = "about:blank",
    browser_context_id: str | None = None,
    target_id: str | None = None,
    close: bool = True,
    own_window: bool = True,
    keep_popups: bool = False,
    timeout: float = 30.0,
) -> AsyncGenerator[Tab, None]:
    """Open a tab (or take over *target_id*), prepare it, and go to *url*.

    Args:
      url: where to go; ``about:blank`` leaves a page that is taken over where it is.
      close: whether the tab is closed when the block ends.
      own_window: whether a new tab gets a window. As one tab of several in a window it is painted
        once a second from its first focus on, and every mouse move waits for that (measured on
        Chromium 156; focus emulation does not help).
      keep_popups: whether windows that the page opens may stay; they are closed otherwise.

    Raises:
      BrowserError: the tab could not be made or prepared.
      SiteError: *url* could not be loaded.
    """
    root = connection.root
    await root.execute(
        protocol.Browser.set_download_behavior(
            "deny", browser_context_id=browser_context_id, events_enabled=True
        )
    )
    made: list[Tab] = []

    async def prepare(session: Session) -> None:
        kind = session.target.type if session.target is not None else ""
        if not made:
            made.append(_tab_of(session, browser_context_id))
        elif kind == "page":
            return  # a popup; it is closed, or it is nothing of ours
        await prepare_session(session, made[0]._listen)

    if target_id is None:
        session = await connection.targets.create_page(
            browser_context_id=browser_context_id, new_window=own_window, prepare=prepare
        )
    else:
        session = await connection.targets.attach_page(target_id, prepare=prepare)
    tab = made[0]

    def close_popup(event: protocol.Target.TargetCreated) -> None:
        info = event.target_info
        if tab.keep_popups or info is None:
            return
        if info.opener_id == tab.target_id and info.type == "page":
            tab.popups.append(info.url)
            root.post("Target.closeTarget", {"targetId": info.target_id})

    tab.keep_popups = keep_popups
    undo = root.on(protocol.Target.TargetCreated, close_popup)
    failure: Exception | None = None
    try:
        async with trio.open_nursery() as nursery:
            tab.tasks = nursery
            nursery.start_soon(tab._watch_life)
            try:
                await tab.shared_workers.begin()
                await tab._find_out_where()
                if url != "about:blank":
                    await tab.navigate(url, timeout=timeout)
                yield tab
            except Exception as error:
                # Raised again outside of the nursery, where nothing wraps it into a group.
                failure = error
            nursery.cancel_scope.cancel()
    finally:
        undo()
        tab.shared_workers.end()
        with trio.move_on_after(_CLOSE_SECONDS, shield=True):
            await _leave(connection, session, tab.target_id, close=close)
    if failure is not None:
        raise failure


def _tab_of(session: Session, browser_context_id: str | None) -> Tab:
    if session.target is None:
        raise TabClosed("The browser attached to no page.")
    own = session.target.browser_context_id
    return Tab(
        session=session, target_id=session.target.target_id, browser_context_id=browser_context_id or own
    )


async def _leave(connection: Connection, session: Session, target_id: str, *, close: bool) -> None:
    try:
        if close:
            # Unlike Page.close it asks no beforeunload question.
            await connection.targets.close_page(target_id)
        else:
            await session.detach()
    except BrowserError:
        pass  # closed, or gone with the browser: what was wanted
