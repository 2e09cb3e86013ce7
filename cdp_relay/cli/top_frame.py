"""One picture of the running service, as ``cdp-relay top`` draws it. Only looks at what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import attrs
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from cdp_relay.cli.output import plain

__all__ = ["TopFrame"]

_COLOURS = {
    "ready": "green",
    "busy": "cyan",
    "unknown": "dim",
    "cooling_down": "yellow",
    "drift": "yellow",
    "up": "green",
    "unused": "dim",
    "starting": "yellow",
    "restarting": "yellow",
    "ok": "green",
    "off": "dim",
    "finished": "green",
    "stopped": "yellow",
    "streaming": "green",
    "queued": "yellow",
    "paused": "red",
    "paced": "yellow",
}
"""What is not here needs somebody: it is red."""

_ID_CHARS = 8
"""Of a request's id; enough to tell it from others, and to ask ``results show`` for it."""

_FIXED_LINES = 10
"""Headings, the space between the parts, and the line that says how many are not shown."""
_RECENT_LINES = 3
"""Those that are only there with the turns that are over."""
_LEAST_ROOM = 4
_GAP = 2
"""Between two columns."""


@attrs.frozen(kw_only=True)
class TopFrame:
    """What ``/v1/status`` said, to be drawn."""

    status: Mapping[str, Any]
    now: float
    """Unix seconds."""
    base_url: str = ""
    height: int = 0
    """Lines that there are; 0 for any number."""
    lost: str = ""
    """Why this is not the present; empty when it is."""
    footer: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """All parts, one below the other."""
        room, width = self._room(), options.max_width
        yield self._service()
        yield from self._browsers()
        yield Text()
        yield self._sites(width)
        yield Text()
        # What runs comes first, and has it all where there is little.
        past = 0 if room < _LEAST_ROOM else room // 3
        yield from self._turns(room - past if past else max(1, room + _RECENT_LINES), width)
        yield from self._recent(past, width)
        if self.lost:
            yield Text(self.lost, "bold red", no_wrap=True, overflow="ellipsis")
        if self.footer:
            yield Text(self.footer, "dim", no_wrap=True, overflow="ellipsis")

    def _room(self) -> int:
        """Lines for turns, running and over."""
        if not self.height:
            return 1000
        taken = len(self.status["sites"]) + len(self.status["browsers"]) + bool(self.lost) + bool(self.footer)
        return self.height - taken - _FIXED_LINES

    # --- the parts

    def _service(self) -> Text:
        status = self.status
        line = Text("CDP Relay ", "bold", no_wrap=True, overflow="ellipsis")
        line.append(f"{status['version']}  {self.base_url}  up {_span(status['uptime_seconds'])}", "not bold")
        journal = status.get("journal")
        if journal is not None:
            line.append("  journal ", "not bold")
            line.append_text(_coloured(journal["state"]))
            if journal.get("bytes"):
                line.append(f" {journal['bytes'] / 1e6:.1f} MB", "not bold")
            if journal.get("error"):
                line.append(f" ({plain(journal['error'])})", "not bold red")
        return line.append(f"  process {status['pid']}", "not bold")

    def _browsers(self) -> Sequence[Text]:
        lines = []
        for browser in self.status["browsers"]:
            line = Text(f"browser {browser['profile']}  ", no_wrap=True, overflow="ellipsis")
            line.append_text(_coloured(browser["state"]))
            if browser["version"]:
                window = "no window" if browser["headless"] else "with a window"
                whose = f"process {browser['pid']}" if browser["owned"] else "attached"
                line.append(f"  Chrome {browser['version']}, {window}, {whose}")
                if browser["generation"] > 1:
                    line.append(f", start {browser['generation']}", "yellow")
            lines.append(line)
        return lines

    def _sites(self, width: int) -> Table:
        rows = []
        for site in self.status["sites"]:
            pool = site.get("pool") or {}
            default = site["name"] == self.status["default_site"]
            rows.append(
                (
                    Text(site["name"], "bold" if default else ""),
                    _coloured(site["state"]),
                    f"{site['tabs']} of {pool['size']}" if pool else str(site["tabs"]),
                    _count(site["busy"]),
                    _count(pool.get("standing", 0)),
                    _count(site["waiting"]),
                    self._about(site),
                )
            )
        return _table(_SITE_COLUMNS, rows, width)

    def _about(self, site: Mapping[str, Any]) -> Text:
        words = []
        if site["until"]:
            words.append(f"until {_clock(site['until'])}")
        if site["next_at"]:
            words.append(f"next prompt at {_clock(site['next_at'])}")
        words += [
            f"{rest['model'] or 'its own choice'} rests until {_clock(rest['until'])}"
            for rest in site["resting_models"]
        ]
        if site["drifts"]:
            words.append("drifted: " + ", ".join(f"{one['kind']} ×{one['count']}" for one in site["drifts"]))
        if site["message"]:
            words.append(plain(site["message"]))
        return Text(", ".join(words), "red" if site["needs_person"] else "")

    def _turns(self, room: int, width: int) -> Sequence[RenderableType]:
        turns = sorted(self.status["turns"], key=lambda turn: turn.get("position", 0))
        if not turns:
            return [Text("No request is being answered.", "dim")]
        waiting = sum("position" in turn for turn in turns)
        rows = []
        for turn in turns[:room]:
            rate = turn.get("characters_per_second")
            rows.append(
                (
                    _short(turn["request"]),
                    _client(turn),
                    turn["site"] or plain(turn["model"]),
                    _step(turn),
                    _span(turn["step_seconds"]),
                    _span(turn["seconds"]),
                    _count(turn["characters"]),
                    "" if rate is None else f"{rate:,.0f}",
                    turn["chat"],
                    _count(turn["messages_spared"]),
                )
            )
        title = Text(f"{len(turns) - waiting} running, {waiting} waiting", "bold")
        return [title, _table(_TURN_COLUMNS, rows, width), *_more(len(turns) - room)]

    def _recent(self, room: int, width: int) -> Sequence[RenderableType]:
        rows = []
        for turn in self.status["recent"][:room]:
            first = turn["first_word_seconds"]
            end = _coloured(turn["state"])
            rows.append(
                (
                    _short(turn["request"]),
                    _client(turn),
                    turn["site"],
                    end.append(f" {turn['code'].replace('_', ' ')}") if turn["code"] else end,
                    _span(max(0.0, self.now - turn["ended_at"])),
                    _span(turn["seconds"]),
                    _count(turn["characters"]),
                    "" if first is None else _span(first),
                    turn["chat"],
                    _count(turn["messages_spared"]),
                )
            )
        return (
            [Text(), Text("the last that ended", "bold"), _table(_RECENT_COLUMNS, rows, width)]
            if rows
            else []
        )


# --- cells ---------------------------------------------------------------------------------------


@attrs.frozen
class _Column:
    """A column, and what becomes of it where there is little room."""

    name: str
    figures: bool = False
    rank: int = 0
    """Those of the highest rank are left out first; 0 stays."""
    least: int | None = None
    """How narrow it may get; None for one that is never cut."""


_SITE_COLUMNS = (
    _Column("site"),
    _Column("state"),
    _Column("tabs", figures=True),
    _Column("busy", figures=True),
    _Column("in chats", figures=True, rank=1),
    _Column("waiting", figures=True),
    _Column("", least=20),
)
_TURN_COLUMNS = (
    _Column("request"),
    _Column("client", least=12),
    _Column("site"),
    _Column("step"),
    _Column("for", figures=True),
    _Column("in all", figures=True, rank=3),
    _Column("chars", figures=True),
    _Column("chars/s", figures=True, rank=1),
    _Column("chat", rank=2),
    _Column("spared", figures=True, rank=4),
)
_RECENT_COLUMNS = (
    _Column("request"),
    _Column("client", least=12),
    _Column("site"),
    _Column("end"),
    _Column("ago", figures=True),
    _Column("took", figures=True),
    _Column("chars", figures=True, rank=1),
    _Column("first word", figures=True, rank=4),
    _Column("chat", rank=2),
    _Column("spared", figures=True, rank=3),
)


def _table(columns: Sequence[_Column], rows: Sequence[Sequence[str | Text]], width: int) -> Table:
    """A table as wide as there is room for; what has none is left out, and nothing of a figure is cut."""
    cells = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    widths = [
        max([len(column.name), *(row[at].cell_len for row in cells)]) for at, column in enumerate(columns)
    ]
    least = [
        width if column.least is None else min(width, column.least)
        for column, width in zip(columns, widths, strict=True)
    ]
    shown = list(range(len(columns)))
    while _total(least, shown) > width and any(columns[at].rank for at in shown):
        shown.remove(max(shown, key=lambda at: columns[at].rank))
    for at in shown:
        spare = max(0, _total(widths, shown) - width)
        widths[at] = max(least[at], widths[at] - spare)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, _GAP, 0, 0))
    for at in shown:
        justify: Literal["left", "right"] = "right" if columns[at].figures else "left"
        name = columns[at].name
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis", width=widths[at])
    for row in cells:
        table.add_row(*(row[at] for at in shown))
    return table


def _total(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[at] + _GAP for at in shown) - _GAP


def _coloured(state: str) -> Text:
    return Text(state.replace("_", " "), _COLOURS.get(state, "red"))


def _step(turn: Mapping[str, Any]) -> Text:
    step = turn["step"]
    if step is None:
        return Text("planned", "dim")
    text = _coloured(step) if step in _COLOURS else Text(step)
    if "position" in turn:
        text.append(f" #{turn['position']}")
        if turn["estimated_seconds"] is not None:
            text.append(f", ~{_span(turn['estimated_seconds'])}")
    return text


def _client(turn: Mapping[str, Any]) -> str:
    name = plain(turn["client"]).partition(" ")[0]
    session = plain(turn["session"])[-6:]
    return f"{name} {session}" if session else name


def _short(request: str) -> str:
    return plain(request).removeprefix("req_")[:_ID_CHARS]


def _more(count: int) -> Sequence[Text]:
    return [Text(f"and {count} more", "dim")] if count > 0 else []


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _clock(moment: str) -> str:
    """The time of day of a moment in ISO 8601, here."""
    return f"{datetime.fromisoformat(moment).astimezone():%H:%M:%S}"


def _span(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = int(seconds) // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
