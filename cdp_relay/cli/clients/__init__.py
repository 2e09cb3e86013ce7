"""The clients that ``cdp-relay connect`` knows.

``plan`` says what connecting takes, as data; ``_terminal``, ``_editors`` and ``_programs`` make one for
each client of the ``catalogue``; ``edits`` puts values into the text of a settings file, by ``_json_text``,
``_toml_text`` and ``_yaml_text``, and touches nothing else in it; ``writing`` alone touches a disk, and
``shell`` says how variables are set. A harness makes a client's files with ``plan_for`` and ``write_edit``.
"""

from cdp_relay.cli.clients.catalogue import CLIENTS, plan_for
from cdp_relay.cli.clients.edits import Unmergeable, Unreadable, edited, fresh
from cdp_relay.cli.clients.plan import KEY_VARIABLE, Client, Endpoint, FileEdit, Places, Plan
from cdp_relay.cli.clients.writing import Written, undo_edit, write_edit

__all__ = [
    "CLIENTS",
    "KEY_VARIABLE",
    "Client",
    "Endpoint",
    "FileEdit",
    "Places",
    "Plan",
    "Unmergeable",
    "Unreadable",
    "Written",
    "edited",
    "fresh",
    "plan_for",
    "undo_edit",
    "write_edit",
]
