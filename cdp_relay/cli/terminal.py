"""An answer on a terminal: its text on stdout, and on stderr that something is going on."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Self

import click

__all__ = ["AnswerPrinter"]

_TICK_SECONDS = 0.5


class AnswerPrinter:
    """Prints deltas as they come; a context manager, so that no progress line is left behind.

    Args:
      reasoning: show the model's thinking, dimmed, on stderr.
      quiet: print nothing at all (the caller prints the whole in the end).
    """

    def __init__(self, *, reasoning: bool, quiet: bool = False) -> None:
        self._reasoning = reasoning
        self._quiet = quiet
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._progress = _Progress() if sys.stderr.isatty() and not quiet else None
        self._in_thoughts = False

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._texts)

    @property
    def reasoning(self) -> str:
        """The thinking so far."""
        return "".join(self._thoughts)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._hide_progress()
        if self._quiet:
            return
        if self._in_thoughts:
            click.echo(err=True)
        # In a pipe the answer is exact; on a terminal the prompt should stand on its own line.
        if self._texts and sys.stdout.isatty() and not self._texts[-1].endswith("\n"):
            click.echo()

    def note(self, stage: str) -> None:
        """Say what is being waited for."""
        if self._progress is not None:
            self._progress.stage = stage

    def add_text(self, text: str) -> None:
        """Take the next piece of the answer."""
        if not text:
            return
        self._texts.append(text)
        if self._quiet:
            return
        self._hide_progress()
        if self._in_thoughts:
            self._in_thoughts = False
            click.echo("\n", err=True)
        _write_exactly(text)

    def take_back(self, chars: int) -> None:
        """The site took back the end of the answer; what stands on the terminal already stays there."""
        text = "".join(self._texts)
        self._texts[:] = [text[: max(0, len(text) - chars)]]
        if not self._quiet:
            click.echo(f"\n[The site took back the last {chars} characters.]", err=True)

    def add_reasoning(self, text: str) -> None:
        """Take the next piece of the thinking."""
        if not text:
            return
        self._thoughts.append(text)
        self.note("thinking")
        if self._reasoning and not self._quiet:
            self._hide_progress()
            self._in_thoughts = True
            click.echo(click.style(text, dim=True), nl=False, err=True)

    def _hide_progress(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _write_exactly(text: str) -> None:
    """Write to stdout; in a pipe as UTF-8 without translated line ends, whatever the platform."""
    if sys.stdout.isatty():
        click.echo(text, nl=False)
    else:
        stream = sys.stdout.buffer
        stream.write(text.encode("utf-8", "replace"))
        stream.flush()


class _Progress:
    """One line that counts seconds, drawn by a thread because the answer is waited for."""

    def __init__(self) -> None:
        self.stage = "waiting"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)
        self._started = time.monotonic()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _draw(self) -> None:
        while not self._over.wait(_TICK_SECONDS):
            seconds = int(time.monotonic() - self._started)
            print(f"\r\x1b[K\x1b[2m{self.stage} {seconds} s\x1b[0m", end="", file=sys.stderr, flush=True)
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
