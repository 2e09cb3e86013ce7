"""The rooms import one way: down the river, never up. Read from the sources, nothing is run."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

GROUND = {"errors", "nursery", "private", "secret_forms", "text"}

MAY_IMPORT: dict[str, set[str]] = {
    "__version__": set(),
    "errors": set(),
    "nursery": {"errors"},
    "private": set(),
    "secret_forms": set(),
    "text": {"errors"},
    "settings": GROUND,
    "wire": GROUND,
    "cdp": GROUND,
    "chrome": GROUND | {"settings", "cdp"},
    "page": GROUND | {"cdp"},
    "chat": GROUND | {"settings", "cdp", "chrome", "page", "wire"},
    "providers": GROUND | {"wire", "chat.vocabulary", "chat.contract"},
    "store": GROUND | {"settings", "chat.vocabulary", "chat.record"},
    "api": GROUND | {"__version__", "settings", "chat", "store"},
    "recording": GROUND
    | {"__version__", "settings", "wire", "cdp", "chrome", "page", "chat", "store.documents"},
    "testing": GROUND | {"settings", "cdp", "chrome", "page", "chat", "store", "api", "recording"},
    "tools": GROUND | {"settings", "page", "cdp", "chrome"},
    "mcp": GROUND | {"settings", "tools", "page"},
    "agents": GROUND | {"settings"},
    "": GROUND | {"chat"},
    "cli": GROUND
    | {"__version__", "settings", "wire", "cdp", "chrome", "page", "chat", "store", "api"}
    | {"recording", "tools", "mcp", "agents"},
}
"""What each room may import, itself aside; ``chat.contract`` is one module of a room, and the room
without a name is the package's own ``__init__``, the library's face."""

ONLY_IN: dict[str, set[str]] = {
    "quart": {"api"},
    "quart_trio": {"api"},
    "hypercorn": {"api", "providers"},  # the practice site brings a server of its own
    "trio_websocket": {"cdp"},
    "click": {"cli"},
    "rich": {"cli"},
    "prometheus_client": {"api"},
    "h11": {"recording"},
    "wsproto": {"cdp", "recording"},
    "cryptography": {"recording"},
    "trustme": {"recording"},
    "zstandard": {"recording"},
}
"""Libraries that are some rooms' own business."""


def modules() -> Iterator[tuple[str, Path]]:
    """All modules of ours, by dotted name; providers under the name that they are installed as."""
    for path in sorted((ROOT / "cdp_relay").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path
    for path in sorted((ROOT / "providers").glob("*.py")):
        yield f"cdp_relay.providers.{path.stem}", path


@functools.cache
def imports(name: str, path: Path) -> tuple[str, ...]:
    """Every module that a module imports, wherever in it and for whatever purpose."""
    return tuple(_imports(name, path))


def _imports(name: str, path: Path) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]).rstrip(".")
            # ``from a import b`` may mean the module a.b.
            yield from (f"{base}.{alias.name}" for alias in node.names)


MODULES = dict(modules())


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def is_allowed(importer: str, imported: str) -> bool:
    room = room_of(importer)
    target = imported.removeprefix("cdp_relay.")
    allowed = {room, *MAY_IMPORT[room]}
    return any(target == one or target.startswith(f"{one}.") for one in allowed)


def test_every_room_is_known() -> None:
    assert {room_of(name) for name in MODULES} <= set(MAY_IMPORT)


def edges() -> Iterator[tuple[str, str]]:
    """Every module of ours with everything that it imports."""
    return ((name, one) for name, path in MODULES.items() for one in imports(name, path))


def test_a_module_imports_only_from_rooms_below_its_own() -> None:
    ours = [(name, one) for name, one in edges() if one.startswith("cdp_relay.")]
    assert len(ours) > len(MODULES)
    assert [(name, one) for name, one in ours if not is_allowed(name, one)] == []


def test_a_library_stays_in_its_room() -> None:
    roots = {(name, one.partition(".")[0]) for name, one in edges()}
    assert [
        (name, one) for name, one in roots if room_of(name) not in ONLY_IN.get(one, {room_of(name)})
    ] == []


def test_nothing_imports_a_provider_by_name() -> None:
    others = [(name, one) for name, one in edges() if room_of(name) != "providers"]
    assert [(name, one) for name, one in others if one.startswith("cdp_relay.providers.")] == []


def test_the_rules_themselves_have_no_way_up() -> None:
    order = list(MAY_IMPORT)
    for room, below in MAY_IMPORT.items():
        for one in below:
            assert order.index(one.partition(".")[0]) < order.index(room)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import cdp_relay.chat.turn", ["cdp_relay.chat.turn"]),
        ("from cdp_relay import chat", ["cdp_relay.chat"]),
        ("from ..chat import turn", ["cdp_relay.chat.turn"]),
        ("from . import turn", ["cdp_relay.page.turn"]),
        ("def f():\n    from cdp_relay.chat.turn import Turn", ["cdp_relay.chat.turn.Turn"]),
        ("if TYPE_CHECKING:\n    from cdp_relay.chat import Relay", ["cdp_relay.chat.Relay"]),
    ],
)
def test_no_way_of_importing_is_overlooked(source: str, found: list[str], tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(source)
    assert [*imports("cdp_relay.page.module", path)] == found
    assert all(is_allowed("cdp_relay.page.module", one) == ("page" in one) for one in found)


def test_the_scripts_of_the_page_define_every_name_once() -> None:
    # They are joined into one function body, where a second definition silently takes the first's place.
    names = [
        name
        for path in sorted((ROOT / "cdp_relay" / "page").glob("*.js"))
        for name in re.findall(
            r"^(?:async )?(?:function\*? |const |let |class )(\w+)", path.read_text(), re.MULTILINE
        )
    ]
    assert [name for name in set(names) if names.count(name) > 1] == []
