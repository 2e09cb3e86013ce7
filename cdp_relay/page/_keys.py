"""The US keyboard: what Chrome has to be told about each key.

Source: UI Events KeyboardEvent ``key`` and ``code`` values (W3C), and the Windows virtual key
codes that browsers report as ``keyCode``.
"""

from __future__ import annotations

import attrs

from cdp_relay.errors import UnsupportedValue

__all__ = ["MODIFIERS", "Key", "Modifier", "parse_chord"]


@attrs.frozen
class Key:
    """One key stroke as ``Input.dispatchKeyEvent`` wants it."""

    key: str
    code: str
    key_code: int
    text: str = ""
    """What the key types; empty for keys that type nothing."""
    location: int = 0


@attrs.frozen
class Modifier:
    """A modifier key and its bit in the ``modifiers`` mask."""

    key: Key
    bit: int


MODIFIERS = {
    "Alt": Modifier(Key("Alt", "AltLeft", 18, location=1), 1),
    "Control": Modifier(Key("Control", "ControlLeft", 17, location=1), 2),
    "Meta": Modifier(Key("Meta", "MetaLeft", 91, location=1), 4),
    "Shift": Modifier(Key("Shift", "ShiftLeft", 16, location=1), 8),
}
"""By name; the order is that in which a chord presses them."""

_NAMED = {
    "Backspace": Key("Backspace", "Backspace", 8),
    "Tab": Key("Tab", "Tab", 9),
    # Blink turns the carriage return into "insert paragraph" or an implicit form submission.
    "Enter": Key("Enter", "Enter", 13, "\r"),
    "Pause": Key("Pause", "Pause", 19),
    "CapsLock": Key("CapsLock", "CapsLock", 20),
    "Escape": Key("Escape", "Escape", 27),
    "Space": Key(" ", "Space", 32, " "),
    "PageUp": Key("PageUp", "PageUp", 33),
    "PageDown": Key("PageDown", "PageDown", 34),
    "End": Key("End", "End", 35),
    "Home": Key("Home", "Home", 36),
    "ArrowLeft": Key("ArrowLeft", "ArrowLeft", 37),
    "ArrowUp": Key("ArrowUp", "ArrowUp", 38),
    "ArrowRight": Key("ArrowRight", "ArrowRight", 39),
    "ArrowDown": Key("ArrowDown", "ArrowDown", 40),
    "Insert": Key("Insert", "Insert", 45),
    "Delete": Key("Delete", "Delete", 46),
    "ContextMenu": Key("ContextMenu", "ContextMenu", 93),
    **{f"F{n}": Key(f"F{n}", f"F{n}", 111 + n) for n in range(1, 13)},
}

# Each row: code, keyCode, the character alone, the character with Shift.
_PRINTING = (
    *((f"Key{c.upper()}", ord(c.upper()), c, c.upper()) for c in "abcdefghijklmnopqrstuvwxyz"),
    *((f"Digit{d}", ord(d), d, s) for d, s in zip("0123456789", ")!@#$%^&*(", strict=True)),
    ("Semicolon", 186, ";", ":"),
    ("Equal", 187, "=", "+"),
    ("Comma", 188, ",", "<"),
    ("Minus", 189, "-", "_"),
    ("Period", 190, ".", ">"),
    ("Slash", 191, "/", "?"),
    ("Backquote", 192, "`", "~"),
    ("BracketLeft", 219, "[", "{"),
    ("Backslash", 220, "\\", "|"),
    ("BracketRight", 221, "]", "}"),
    ("Quote", 222, "'", '"'),
    ("Space", 32, " ", " "),
)
_PLAIN = {plain: Key(plain, code, number, plain) for code, number, plain, _ in _PRINTING}
_SHIFTED = {shifted: Key(shifted, code, number, shifted) for code, number, plain, shifted in _PRINTING}
_SHIFT_OF = {plain: _SHIFTED[shifted] for _, _, plain, shifted in _PRINTING}


def _find(name: str, *, shift: bool, chord: bool) -> Key:
    named = _NAMED.get(name) or _named_modifier(name)
    if named is not None:
        return named
    # In a chord a letter names the key, not the character: Control+A is not Control+Shift+A.
    if chord and len(name) == 1 and name.isalpha():
        name = name.lower()
    if shift and name in _SHIFT_OF:
        return _SHIFT_OF[name]
    key = _PLAIN.get(name) or _SHIFTED.get(name)
    if key is None:
        raise UnsupportedValue(
            f"{name!r} is not a key of the US keyboard.",
            next_step="Name a key such as Enter, ArrowDown or a, or insert the text instead.",
        )
    return key


def _named_modifier(name: str) -> Key | None:
    modifier = MODIFIERS.get(name)
    return modifier.key if modifier is not None else None


def parse_chord(chord: str, *, mac: bool) -> tuple[tuple[Modifier, ...], Key]:
    """Split ``Control+Shift+K`` into the modifiers to hold and the key to press.

    ``ControlOrMeta`` stands for the platform's own shortcut modifier. ``Control++`` is the plus key.

    Args:
      mac: whether the browser runs on macOS.

    Raises:
      UnsupportedValue: a part names no key of the US keyboard.
    """
    if chord == "+" or chord.endswith("++"):
        names, last = chord[:-1].split("+")[:-1], "+"
    else:
        *names, last = chord.split("+")
    held = []
    for name in names:
        own = ("Meta" if mac else "Control") if name == "ControlOrMeta" else name
        modifier = MODIFIERS.get(own)
        if modifier is None:
            raise UnsupportedValue(f"{name!r} in {chord!r} is not a modifier key.")
        held.append(modifier)
    shift = any(modifier.key.key == "Shift" for modifier in held)
    return tuple(held), _find(last, shift=shift, chord=bool(held))
