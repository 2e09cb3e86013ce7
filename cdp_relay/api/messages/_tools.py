"""The tools of a request, and how the model may use them.

A client's own tools come with a schema. Those that Anthropic defined and the client runs (a shell, an
editor, a memory) come as a dated name only, as its models know them; a chat page's model does not, so
their schemas stand here. Tools that Anthropic's servers would run cannot be had, and are named.
"""

from __future__ import annotations

from typing import Any

from cdp_relay.api.json_body import Field
from cdp_relay.api.tools import ToolBox
from cdp_relay.chat.vocabulary import ToolChoice, ToolMode

__all__ = ["read_choice", "read_tools"]

_SCHEMA = "input_schema"


def read_tools(field: Field) -> ToolBox:
    """Read ``tools``.

    Raises:
      InvalidRequest, InvalidText: a tool of the client's is malformed.
    """
    box = ToolBox()
    if not field.is_null:
        for item in field.items():
            _add(box, item)
    return box


def read_choice(field: Field, box: ToolBox, tools: Field) -> ToolChoice:
    """Read ``tool_choice``.

    Args:
      tools: the list that *box* was read from.

    Raises:
      InvalidRequest: it is malformed, or asks for a call of what is not among the request's tools.
    """
    if field.is_null:
        return ToolChoice()
    if isinstance(field.value, str):
        return ToolChoice(mode=box.mode(field))
    kind, single = field.object().get("type"), field.get("disable_parallel_tool_use")
    parallel = single.is_null or not single.boolean()
    if kind.value == "tool":
        name = field.get("name")
        declared = () if tools.is_null else (item.get("name").value for item in tools.items())
        if name.value in declared and all(name.value != tool.name for tool in box.tools):
            # A tool of a kind that cannot be offered.
            box.leave_out(field, "tool")
            return ToolChoice(parallel=parallel)
        return ToolChoice(mode=ToolMode.REQUIRED, names=(box.named(name),), parallel=parallel)
    return ToolChoice(mode=box.mode(kind), parallel=parallel)


def _add(box: ToolBox, field: Field) -> None:
    kind = field.object().get("type")
    dated = "" if kind.is_null else kind.string()
    if dated in ("", "custom") or not field.get(_SCHEMA).is_null:
        box.add(field, schema=_SCHEMA)
        return
    family, _, date = dated.rpartition("_")
    known = _FAMILIES.get(family)
    if known is None:
        box.leave_out(field, dated[:40])
        return
    name, description, schema = known(date)
    spelled = {"name": field.get("name").value or name, "description": description, _SCHEMA: schema}
    box.add(Field(path=field.path, value=spelled), schema=_SCHEMA)


# --- Anthropic's own --------------------------------------------------------------------------------
# Source: its documentation of the bash, text editor and memory tools. In our own words.

_Known = tuple[str, str, dict[str, Any]]


def _bash(date: str) -> _Known:
    del date
    return (
        "bash",
        "Runs a command in a shell on the user's machine. The shell lives on between the calls.",
        {
            "type": "object",
            "properties": {
                "command": {"type": "string", "description": "The command; left out for a restart only."},
                "restart": {"type": "boolean", "description": "True starts the shell anew."},
            },
        },
    )


def _text_editor(date: str) -> _Known:
    newest, undoes = date >= "20250728", date < "20250429"
    inserted = "insert_text" if newest else "new_str"
    commands = ["view", "create", "str_replace", "insert"] + (["undo_edit"] if undoes else [])
    properties: dict[str, Any] = {
        "command": {"type": "string", "enum": commands},
        "path": {"type": "string", "description": "The absolute path of a file, or of a folder to view."},
        "view_range": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "view: the first and the last line, from 1; -1 is the file's end.",
        },
        "file_text": {"type": "string", "description": "create: the file's whole content."},
        "old_str": {
            "type": "string",
            "description": "str_replace: the text to replace, exactly as in the file and once only in it.",
        },
        "new_str": {
            "type": "string",
            "description": f"{'' if newest else 'insert, '}str_replace: the new text.",
        },
        "insert_line": {
            "type": "integer",
            "description": f"insert: the line after which {inserted} goes; 0 is the file's beginning.",
        },
    }
    if newest:
        properties[inserted] = {"type": "string", "description": "insert: the new text."}
    return (
        "str_replace_editor" if undoes else "str_replace_based_edit_tool",
        "Views, creates and edits text files on the user's machine.",
        {"type": "object", "properties": properties, "required": ["command", "path"]},
    )


def _memory(date: str) -> _Known:
    del date
    text = {"type": "string"}
    return (
        "memory",
        "Keeps notes for later conversations in files below /memories. View that folder first.",
        {
            "type": "object",
            "properties": {
                "command": {
                    "type": "string",
                    "enum": ["view", "create", "str_replace", "insert", "delete", "rename"],
                },
                "path": text | {"description": "Of the file or folder; every command but rename has it."},
                "view_range": {"type": "array", "items": {"type": "integer"}},
                "file_text": text | {"description": "create: the file's whole content."},
                "old_str": text | {"description": "str_replace: the text to replace."},
                "new_str": text | {"description": "str_replace: what comes in its place."},
                "insert_line": {"type": "integer", "description": "insert: the line after which it goes."},
                "insert_text": text | {"description": "insert: the text."},
                "old_path": text | {"description": "rename: from."},
                "new_path": text | {"description": "rename: to."},
            },
            "required": ["command"],
        },
    )


_FAMILIES = {"bash": _bash, "text_editor": _text_editor, "memory": _memory}
