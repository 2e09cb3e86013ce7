"""Write ``protocol.py`` from a browser's own description of its protocol.

``python -m cdp_relay.cdp.generate [--from URL|FILE | --browser PATH] [--check]``

A running browser describes every command and event at ``/json/protocol``. Of these, ``used.toml``
names the few that this package uses; only they become code. The output depends on nothing but
these two inputs. It imports nothing of the package: run as a file, it also mends a ``protocol.py``
that cannot be imported.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs

__all__ = ["Used", "load_used", "main", "missing_in", "render"]

_HERE = Path(__file__).parent
_CHROMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser", "chrome")
_LINE = 110


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


@attrs.frozen(kw_only=True)
class Used:
    """What ``used.toml`` names in one domain."""

    domain: str
    commands: tuple[str, ...] = attrs.field(default=(), converter=_in_order)
    events: tuple[str, ...] = attrs.field(default=(), converter=_in_order)
    types: tuple[str, ...] = attrs.field(default=(), converter=_in_order)


def load_used() -> tuple[Used, ...]:
    """Read ``used.toml``, sorted by domain."""
    document = tomllib.loads((_HERE / "used.toml").read_text(encoding="utf-8"))
    return tuple(Used(domain=domain, **names) for domain, names in sorted(document.items()))


def missing_in(protocol: Mapping[str, Any]) -> list[str]:
    """Name everything in ``used.toml`` that the browser with this *protocol* does not have."""
    book = _Book(protocol)
    return [
        f"{used.domain}.{name} ({kind})"
        for used in load_used()
        for kind, names in (("command", used.commands), ("event", used.events), ("type", used.types))
        for name in names
        if (used.domain, kind, name) not in book.items
    ]


def render(protocol: Mapping[str, Any]) -> str:
    """Return the text of ``protocol.py`` for this *protocol*; what it does not have is left out."""
    book = _Book(protocol)
    lines = [
        '"""Commands, events and types of the DevTools protocol that this package uses.',
        "",
        "Written by ``python -m cdp_relay.cdp.generate`` from ``used.toml`` and a browser's own",
        "``/json/protocol``: do not edit. Reading is tolerant: a missing field becomes None, an unknown",
        "one stays in ``raw``, and an enumeration is a plain string.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Callable, Mapping, Sequence",
        "from typing import Any, ClassVar",
        "",
        "from cdp_relay.cdp.event import JSON, Command, Event, RawEvent, WireObject, parse_many, parse_one",
        "",
        "__all__ = [",
        '    "EVENTS",',
        *(f'    "{used.domain}",' for used in load_used()),
        '    "parse_event",',
        "]",
    ]
    events: list[str] = []
    for used in load_used():
        lines += ["", "", f"class {used.domain}:", f'    """The domain ``{used.domain}``."""']
        for name in used.types:
            if (item := book.items.get((used.domain, "type", name))) is not None:
                lines += _class(
                    book, used.domain, name, item.get("properties", ()), f"type ``{used.domain}.{name}``"
                )
        for name in used.events:
            if (item := book.items.get((used.domain, "event", name))) is not None:
                method = f"{used.domain}.{name}"
                fields = item.get("parameters", ())
                lines += _class(
                    book, used.domain, _capital(name), fields, f"event ``{method}``", method=method
                )
                events.append(method)
        for name in used.commands:
            if (item := book.items.get((used.domain, "command", name))) is not None:
                lines += _command(book, used.domain, name, item)
    lines += ["", "", "EVENTS: Mapping[str, type[Event]] = {"]
    for method in events:
        domain, _, name = method.partition(".")
        lines.append(f'    "{method}": {domain}.{_capital(name)},')
    lines += [
        "}",
        '"""Every event class by the name of its method."""',
        "",
        "",
        "def parse_event(method: str, params: JSON) -> Event:",
        '    """Read an event; one without a class of its own becomes a :class:`RawEvent`."""',
        "    known = EVENTS.get(method)",
        "    return RawEvent(method=method, raw=params) if known is None else known.from_json(params)",
    ]
    return "\n".join(lines) + "\n"


# --- the pieces of the file ---------------------------------------------------------------------


class _Book:
    """The protocol by (domain, kind, name), and the Python type of each of its fields."""

    def __init__(self, protocol: Mapping[str, Any]) -> None:
        self.items: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        for domain in protocol["domains"]:
            for kind, key, id_key in (
                ("command", "commands", "name"),
                ("event", "events", "name"),
                ("type", "types", "id"),
            ):
                for item in domain.get(key, ()):
                    self.items[domain["domain"], kind, item[id_key]] = item
        self.classes = {f"{used.domain}.{name}" for used in load_used() for name in used.types}

    def resolve(self, domain: str, field: Mapping[str, Any]) -> tuple[str, str | None]:
        """Return the Python type of a field and, for objects with a class, that class."""
        reference = field.get("$ref")
        if reference is not None:
            full = reference if "." in reference else f"{domain}.{reference}"
            if full in self.classes:
                return full, full
            home, _, name = full.partition(".")
            target = self.items.get((home, "type", name))
            return ("Any", None) if target is None else self.resolve(home, target)
        kind = field.get("type", "any")
        if kind == "array":
            item, parsed = self.resolve(domain, field.get("items", {}))
            return (f"tuple[{item}, ...]", f"*{parsed}") if parsed else (f"list[{item}]", None)
        simple = {
            "string": "str",
            "binary": "str",
            "integer": "int",
            "number": "float",
            "boolean": "bool",
            "object": "JSON",
        }
        return simple.get(kind, "Any"), None


def _class(
    book: _Book, domain: str, name: str, fields: Iterable[Mapping[str, Any]], title: str, *, method: str = ""
) -> list[str]:
    lines = ["", f"    class {name}({'Event' if method else 'WireObject'}, frozen=True, kw_only=True):"]
    lines += [f'        """The {title}."""', ""]
    if method:
        lines += [f'        METHOD: ClassVar[str] = "{method}"', ""]
    reads = []
    for field in fields:
        kind, parsed = book.resolve(domain, field)
        optional = " | None" if field.get("optional") and kind != "Any" else ""
        lines.append(f"        {_snake(field['name'])}: {kind}{optional}")
        reads.append(f"{_snake(field['name'])}={_read('get', field['name'], parsed)},")
    if reads:
        lines += ["", "        @classmethod"]
        lines.append(f"        def from_json(cls, raw: JSON) -> {domain}.{name}:")
        lines.append('            """Read the wire form; what is missing becomes None."""')
        lines.append("            get: Callable[[str], Any] = raw.get")
        lines.append("            return cls(")
        lines += [f"                {read}" for read in reads]
        lines += ["                raw=raw,", "            )"]
    return lines


def _read(get: str, name: str, parsed: str | None) -> str:
    value = f'{get}("{name}")'
    if parsed is None:
        return value
    if parsed.startswith("*"):
        return f"parse_many({parsed[1:]}.from_json, {value})"
    return f"parse_one({parsed}.from_json, {value})"


def _command(book: _Book, domain: str, name: str, item: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    returns = item.get("returns", ())
    if len(returns) > 1:
        result = f"{_capital(name)}Result"
        lines += _class(book, domain, result, returns, f"answer to ``{domain}.{name}``")
        answer = f"{domain}.{result}"
    elif returns:
        kind, _ = book.resolve(domain, returns[0])
        answer = kind + (" | None" if returns[0].get("optional") and kind != "Any" else "")
    else:
        answer = "None"

    parameters = item.get("parameters", ())
    signature = [_parameter(book, domain, field) for field in parameters if not field.get("optional")]
    keywords = [_parameter(book, domain, field) for field in parameters if field.get("optional")]
    if keywords:
        signature += ["*", *keywords]
    lines += ["", "    @staticmethod"]
    one_line = f"    def {_snake(name)}({', '.join(signature)}) -> Command[{answer}]:"
    if len(one_line) <= _LINE:
        lines.append(one_line)
    else:
        lines += [f"    def {_snake(name)}(", *(f"        {part}," for part in signature)]
        lines.append(f"    ) -> Command[{answer}]:")
    lines.append(f'        """``{domain}.{name}``."""')
    required = [field for field in parameters if not field.get("optional")]
    if required:
        lines += ["        params: JSON = {"]
        lines += [f'            "{field["name"]}": {_snake(field["name"])},' for field in required]
        lines += ["        }"]
    else:
        lines.append("        params: JSON = {}")
    for field in parameters:
        if field.get("optional"):
            lines.append(f"        if {_snake(field['name'])} is not None:")
            lines.append(f'            params["{field["name"]}"] = {_snake(field["name"])}')
    request = f'yield {{"method": "{domain}.{name}", "params": params}}'
    if not returns:
        lines.append(f"        {request}")
    elif len(returns) > 1:
        lines += [f"        answer = {request}", f"        return {answer}.from_json(answer)"]
    else:
        _, parsed = book.resolve(domain, returns[0])
        lines += [
            f"        get: Callable[[str], Any] = ({request}).get",
            f"        value: {answer} = {_read('get', returns[0]['name'], parsed)}",
            "        return value",
        ]
    return lines


def _parameter(book: _Book, domain: str, field: Mapping[str, Any]) -> str:
    # What we send is made by hand, so objects are plain dicts here even where a class exists.
    kind, parsed = book.resolve(domain, field)
    if parsed is not None:
        kind = "Sequence[JSON]" if parsed.startswith("*") else "JSON"
    elif kind.startswith("list["):
        kind = "Sequence" + kind.removeprefix("list")
    if not field.get("optional"):
        return f"{_snake(field['name'])}: {kind}"
    return f"{_snake(field['name'])}: {kind if kind == 'Any' else kind + ' | None'} = None"


_RESERVED = {"and", "class", "from", "import", "in", "is", "not", "or", "raw", "pass", "with"}


def _snake(name: str) -> str:
    name = name.replace("URLs", "Urls")
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    return f"{name}_" if name in _RESERVED else name


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


# --- the command line ----------------------------------------------------------------------------


def _read_protocol(source: str) -> Mapping[str, Any]:
    if not source.startswith(("http://", "https://")):
        text = Path(source).read_text(encoding="utf-8")
    else:
        url = source if source.endswith("/json/protocol") else urllib.parse.urljoin(source, "/json/protocol")
        with urllib.request.urlopen(url, timeout=30) as answer:  # the developer's own address
            text = answer.read().decode("utf-8")
    document: Mapping[str, Any] = json.loads(text)
    return document


def _ask_browser(executable: str, stack: ExitStack) -> str:
    """Start a headless browser of its own and return its address; *stack* ends it."""
    import shutil

    path = executable or next(filter(None, map(shutil.which, _CHROMES)), "")
    if not path:
        raise SystemExit("No browser found; name one with --browser, or a source with --from.")
    profile = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
    process = subprocess.Popen(
        [
            path,
            "--headless",
            "--no-first-run",
            "--disable-gpu",
            # Nothing is loaded, and containers that run everything as root cannot sandbox.
            "--no-sandbox",
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(process.wait, 10)
    stack.callback(process.terminate)
    port_file = profile / "DevToolsActivePort"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if port_file.exists() and (port := port_file.read_text().partition("\n")[0]):
            return f"http://127.0.0.1:{port}"
        time.sleep(0.05)
    raise SystemExit(f"{path} did not open a debugging port.")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cdp_relay.cdp.generate", description=__doc__)
    parser.add_argument("--from", dest="source", help="a browser's http address, or a saved /json/protocol")
    parser.add_argument("--browser", default="", help="the browser to start when there is no --from")
    parser.add_argument("--check", action="store_true", help="write nothing; say what the browser lacks")
    chosen = parser.parse_args(arguments)
    with ExitStack() as stack:
        protocol = _read_protocol(chosen.source or _ask_browser(chosen.browser, stack))
    missing = missing_in(protocol)
    for name in missing:
        print(f"missing: {name}")
    file = _HERE / "protocol.py"
    text = render(protocol)
    if chosen.check:
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            print("protocol.py is not what this browser and used.toml would give.")
        return 1 if missing else 0
    file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
