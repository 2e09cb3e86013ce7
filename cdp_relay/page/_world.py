"""An isolated world: our functions beside the page's, which it can neither see nor change.

The JavaScript files of this folder are joined into one function body, the *kit*, which is installed
once a document. Python calls its functions by name with JSON arguments; nothing is ever spliced into
source text.
"""

from __future__ import annotations

import itertools
import math
from functools import cache
from importlib.resources import files
from typing import Any

import attrs
import trio

from cdp_relay.cdp import Session, protocol
from cdp_relay.errors import CommandFailed, PageNavigated, SettingsError, TabClosed

__all__ = ["World"]

_FILES = (
    "visible.js",
    "wait.js",
    "probe.js",
    "clear.js",
    "examine.js",
    "files.js",
    "editor.js",
    "clipboard.js",
    "controls.js",
    "markdown.js",
    "rendered.js",
    "asked.js",
)
_EXPORTS = (
    "askedLines",
    "cancel",
    "changedControl",
    "chipCount",
    "chipLabels",
    "composerOrNotice",
    "controlState",
    "editorState",
    "examine",
    "fewerChips",
    "fewerShown",
    "fileInput",
    "fileInputs",
    "findControl",
    "findControlAgain",
    "focusControl",
    "focusEditor",
    "keepClipboard",
    "lastChip",
    "lastTurn",
    "markTurns",
    "noneShown",
    "noticeGone",
    "putOnClipboard",
    "readOn",
    "readStamps",
    "removeControl",
    "renderedAnswer",
    "restoreClipboard",
    "settledAnswer",
    "settledEditor",
    "shownAddress",
    "shownAddresses",
    "settledItems",
    "settledThread",
    "stateNow",
    "stateText",
    "suggest",
    "tooltipText",
    "uploadBegins",
    "uploadEnds",
    "untilClear",
    "visibleCount",
    "watchStates",
    "watching",
)

_CALL = "function (name, ...args) { return this[name](...args); }"

# What Chrome says when the document that a call was for is no longer there. Source: measured (faults.md).
_DOCUMENT_GONE = (
    "Inspected target navigated or closed",
    "Cannot find context with specified id",
    "Could not find object with given id",
    "Execution context was destroyed",
    "Promise was collected",
    "No frame for given id found",
    "Frame with the given id was not found",
    "Cannot find default execution context",
    "Could not create isolated world",
    "uniqueContextId not found",
)

_REPLY_GRACE_SECONDS = 2.0
"""How much longer than the page's own clock a call that waits in the page may take to be answered."""


@cache
def _kit() -> str:
    folder = files("cdp_relay.page")
    source = "\n".join((folder / name).read_text("utf-8") for name in _FILES)
    return f'(() => {{ "use strict";\n{source}\nreturn {{ {", ".join(_EXPORTS)} }};\n}})()'


def _plain(result: protocol.Runtime.RemoteObject | None) -> Any:
    """The value of a result that was returned by value."""
    if result is None:
        return None
    odd = result.raw.get("unserializableValue")
    if odd is None:
        return result.raw.get("value")
    if odd.endswith("n"):
        return int(odd[:-1])
    return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}.get(odd)


def _is_document_gone(error: CommandFailed) -> bool:
    return any(sign in error.message for sign in _DOCUMENT_GONE)


@attrs.define(eq=False)
class World:
    """The isolated world of one tab's main frame; made anew after every navigation."""

    _session: Session
    _frame_id: str
    _kit_id: str | None = attrs.field(default=None, init=False)
    _generation: int = attrs.field(default=0, init=False)
    _making: trio.Lock = attrs.field(factory=trio.Lock, init=False)
    _tokens: itertools.count[int] = attrs.field(factory=lambda: itertools.count(1), init=False)

    def forget(self) -> None:
        """Drop the world: the document that it belonged to is gone."""
        self._kit_id = None
        self._generation += 1

    async def evaluate(
        self, function: str, args: tuple[Any, ...], *, timeout: float, await_promise: bool
    ) -> Any:
        """Call *function*, JavaScript source of one function, with JSON arguments.

        Raises:
          PageNavigated: the document went away before there was a result.
          CommandFailed: the function threw.
          CommandTimeout: no result in time.
        """
        return _plain(await self._ask(function, args, timeout, await_promise=await_promise, by_value=True))

    async def handle(self, name: str, *args: Any, timeout: float) -> str | None:
        """Call one of the kit's functions and return the DevTools id of the object that it returns.

        It stays valid for as long as the document; None when the function returned no object.
        """
        result = await self._ask(_CALL, (name, *args), timeout, await_promise=False, by_value=False)
        return None if result is None else result.raw.get("objectId")

    async def call(self, name: str, *args: Any, timeout: float) -> Any:
        """Call one of the kit's functions; see :meth:`evaluate`."""
        return await self.evaluate(_CALL, (name, *args), timeout=timeout, await_promise=True)

    async def look(self, name: str, *args: Any, timeout: float) -> Any:
        """Call a function that only reads; after a navigation it is asked again in the new document."""
        deadline = trio.current_time() + timeout
        while True:
            left = max(0.05, deadline - trio.current_time())
            try:
                return await self.call(name, *args, timeout=left)
            except PageNavigated:
                if trio.current_time() >= deadline:
                    raise

    async def wait(self, name: str, *args: Any, seconds: float) -> Any:
        """Call a function that waits in the page: ``name(token, milliseconds, ...args)``.

        The page stops watching when the caller is cancelled. A navigation starts the wait anew in
        the new document with the time that is left, so the answer is about one document only.
        """
        deadline = trio.current_time() + seconds
        while True:
            left = max(0.0, deadline - trio.current_time())
            token = next(self._tokens)
            try:
                return await self.call(name, token, left * 1000, *args, timeout=left + _REPLY_GRACE_SECONDS)
            except PageNavigated:
                if trio.current_time() >= deadline:
                    raise
            except trio.Cancelled:
                self._stop(token)
                raise

    async def _ask(
        self, function: str, args: tuple[Any, ...], timeout: float, *, await_promise: bool, by_value: bool
    ) -> protocol.Runtime.RemoteObject | None:
        kit = await self._kit(timeout)
        generation = self._generation
        command = protocol.Runtime.call_function_on(
            function,
            object_id=kit,
            arguments=[{"value": value} for value in args],
            return_by_value=by_value,
            await_promise=await_promise,
            silent=True,
        )
        try:
            answer = await self._session.execute(command, timeout=timeout)
        except CommandFailed as error:
            if not _is_document_gone(error):
                raise
            if generation == self._generation:
                self.forget()
            raise PageNavigated("The page went to another document while it was asked something.") from None
        if answer.exception_details is not None:
            raise self._thrown(answer.exception_details)
        return answer.result

    def _stop(self, token: int) -> None:
        if self._kit_id is None:
            return
        self._session.post(
            "Runtime.callFunctionOn",
            {
                "functionDeclaration": _CALL,
                "objectId": self._kit_id,
                "arguments": [{"value": "cancel"}, {"value": token}],
                "silent": True,
            },
        )

    async def _kit(self, timeout: float) -> str:
        async with self._making:
            while self._kit_id is None:
                generation = self._generation
                kit = await self._install(timeout)
                # A navigation meanwhile: what was made belongs to the document before.
                if generation == self._generation:
                    self._kit_id = kit
            return self._kit_id

    async def _install(self, timeout: float) -> str:
        answer: protocol.Runtime.EvaluateResult | None = None
        try:
            context = await self._session.execute(
                protocol.Page.create_isolated_world(self._frame_id, world_name="cdp-relay"), timeout=timeout
            )
            answer = await self._session.execute(
                protocol.Runtime.evaluate(_kit(), context_id=context, silent=True), timeout=timeout
            )
        except CommandFailed as error:
            if not _is_document_gone(error):
                raise
        if answer is None:
            # Between two documents there is a moment without any; let the browser get on.
            await trio.sleep(0.01)
            raise PageNavigated("The page is on its way to another document.")
        if answer.exception_details is not None:
            raise self._thrown(answer.exception_details)
        kit = answer.result.raw.get("objectId") if answer.result is not None else None
        if not isinstance(kit, str):
            raise TabClosed("The page has no document to run functions in.")
        return kit

    def _thrown(self, details: protocol.Runtime.ExceptionDetails) -> Exception:
        thrown = details.raw.get("exception") or {}
        text = str(thrown.get("description") or thrown.get("value") or details.raw.get("text") or "")
        first = text.split("\n", 1)[0][:300]
        for sign, what in (("bad selector: ", "CSS selector"), ("bad pattern: ", "regular expression")):
            if sign in first:
                return SettingsError(f"{first.split(sign, 1)[1]!r} is not a valid {what} in the page.")
        return CommandFailed(
            f"A function threw in the page: {first}",
            details={"method": "Runtime.callFunctionOn", "line": details.raw.get("lineNumber")},
        )
