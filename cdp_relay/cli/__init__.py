"""The command line.

``app`` holds the table of commands and turns every failure into two lines; each command has a
module of its own, which is imported only when it runs. ``options`` makes a flag of every setting.
Nothing here is imported by the other rooms, and nothing heavy is imported before it is needed:
``cdp-relay --help`` knows neither Trio nor Quart.
"""

from cdp_relay.cli.app import main

__all__ = ["main"]
