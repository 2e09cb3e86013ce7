"""Keys as they are pressed, without Enter, for a view that goes on meanwhile."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

__all__ = ["pressed_keys"]


@contextmanager
def pressed_keys(tell: Callable[[str], None]) -> Generator[None]:
    """Tell of each key that is pressed while the block runs, from a thread of its own.

    Where stdin is no terminal, none ever is.
    """
    if not sys.stdin.isatty():
        yield
        return
    if sys.platform == "win32":
        import msvcrt

        _start(msvcrt.getwch, tell)
        yield
        return
    import os
    import termios
    import tty

    stdin = sys.stdin.fileno()
    before = termios.tcgetattr(stdin)
    # Neither echo nor waiting for a line; Ctrl+C stays a signal, and output is left as it is.
    tty.setcbreak(stdin)
    try:
        _start(lambda: os.read(stdin, 1).decode("ascii", "replace"), tell)
        yield
    finally:
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)


def _start(read: Callable[[], str], tell: Callable[[str], None]) -> None:
    def run() -> None:
        while key := read():
            tell(key)

    # Nothing can end a blocking read but the end of the process.
    threading.Thread(target=run, daemon=True).start()
