"""One settings file, its text before and after. Sans-IO.

Whatever an edit does to a text is measured by data: what is read from the new text has to be what was
read from the old one with the values merged into it, and no comment may be missing. Else it is refused.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from cdp_relay.cli.clients._json_text import edit_json, read_json
from cdp_relay.cli.clients._merge import Unmergeable, Unreadable, merged
from cdp_relay.cli.clients._toml_text import edit_toml, read_toml
from cdp_relay.cli.clients._yaml_text import edit_yaml, read_yaml
from cdp_relay.cli.clients.plan import FileEdit, Values

__all__ = ["Unmergeable", "Unreadable", "edited", "fresh"]

# The first alternative skips strings, where such signs mean nothing.
_IN_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|(//[^\r\n]*|/\*.*?\*/)', re.DOTALL)
_IN_OTHERS = re.compile(r"(?:^|\s)(#[^\r\n]*)", re.MULTILINE)

_KINDS: Mapping[str, tuple[Callable[[str, Values], str], Callable[[str], Any], re.Pattern[str]]] = {
    "json": (edit_json, read_json, _IN_JSON),
    "toml": (edit_toml, read_toml, _IN_OTHERS),
    "yaml": (edit_yaml, read_yaml, _IN_OTHERS),
}


def fresh(edit: FileEdit) -> str:
    """The text of the file where there was none."""
    return edited(edit, "")


def edited(edit: FileEdit, text: str) -> str:
    """The text of the file with the values in it; the same text when they are in it already.

    Raises:
      Unreadable: the file is broken; the message names the place.
      Unmergeable: the values cannot be put in without changing something else.
    """
    change, read, remarks = _KINDS[edit.kind]
    before = read(text)
    values = edit.values
    if isinstance(values, Mapping) and edit.defaults:
        values = merged(_missing(edit.defaults, before), values)
    wanted = merged(before, values)
    if _same(before, wanted):
        return text
    changed = change(text, values)
    if not _same(read(changed), wanted) or _count(remarks, text) - _count(remarks, changed):
        raise Unmergeable("its form does not allow to add the values without changing something else")
    return changed


def _missing(defaults: Mapping[str, Any], before: Any) -> dict[str, Any]:
    there = before if isinstance(before, Mapping) else {}
    missing: dict[str, Any] = {}
    for key, value in defaults.items():
        if key not in there:
            missing[key] = value
        elif isinstance(value, Mapping) and (rest := _missing(value, there[key])):
            missing[key] = rest
    return missing


def _same(one: Any, other: Any) -> bool:
    # As JSON, where true is not 1; the order of keys means nothing, and new items of lists may stand first.
    return bool(_canonical(one) == _canonical(other))


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
        return sorted(json.dumps(_canonical(item), sort_keys=True, default=repr) for item in value)
    return json.dumps(value, sort_keys=True, default=repr)


def _count(remarks: re.Pattern[str], text: str) -> Counter[str]:
    return Counter(found[1] for found in remarks.finditer(text) if found[1])
