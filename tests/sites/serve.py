"""Serve the replica sites for a person to look at: ``python -m tests.sites.serve``.

Prints the port, the pin and the Chromium command that finds the sites at their true addresses, and the
address of the control desk; runs until interrupted.
"""

from __future__ import annotations

import json
import shlex
import tempfile
import threading

from cdp_relay.testing.chromium import find_chromium
from tests.sites.chats import CHAT_SITES
from tests.sites.kit import PlainSite, SiteServer

__all__ = ["main"]


def main() -> None:
    """Serve until interrupted."""
    chats = [kind() for kind in CHAT_SITES]
    server = SiteServer([PlainSite(), *chats], control=True)
    for kind in CHAT_SITES:
        kind.bundle_page()
    server.start()
    command = [
        find_chromium(),
        f"--user-data-dir={tempfile.gettempdir()}/replica-profile",
        "--no-first-run",
        *server.chromium_flags,
        *(f"https://{site.hosts[0]}/" for site in chats),
    ]
    desk = f"http://127.0.0.1:{server.control_port}/__control"
    example = json.dumps({"site": "chatgpt", "do": "say", "with": {"text": "Hello, **you**.", "delay": 0.2}})
    print(f"port     {server.port}")
    print(f"pin      {server.pin}")
    print(f"control  {desk}")
    print(f"flags    {shlex.join(server.chromium_flags)}")
    print(f"\nLook at it:\n  {shlex.join(command)}")
    print(f"\nLet it say something:\n  curl -d {shlex.quote(example)} {desk}")
    print("\nStates, by 'do': 'state', 'with': {'name': ...}:")
    for kind in CHAT_SITES:
        print(f"\n  {kind.name}")
        for name, state in kind.states.items():
            print(f"    {name:22} {(state.__doc__ or '').splitlines()[0]}")
    print(flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
