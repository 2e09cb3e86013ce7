"""From bytes to JSON, and from JSON to values of a known type, with the field's name in every error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

import attrs

from cdp_relay.errors import InvalidRequest
from cdp_relay.text import check_text, mend_text

__all__ = ["Field", "parse_object"]


def parse_object(body: bytes) -> Field:
    """Parse a request body, which has to be one JSON object.

    Raises:
      InvalidRequest: it is not; the message says where it breaks.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not UTF-8: see byte {error.start}.") from None
    if not text.strip():
        raise InvalidRequest("The body is empty.", next_step="Send a JSON object.")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise InvalidRequest(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno} "
            f"(character {error.pos})."
        ) from None
    except RecursionError:
        raise InvalidRequest("The body's JSON is nested too deeply.") from None
    except ValueError as error:  # a number with thousands of digits, or NaN
        raise InvalidRequest(f"The body holds a number that cannot be used: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidRequest(f"The body is {_kind(value)}, not an object.", next_step="Send a JSON object.")
    return Field(path="", value=value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@attrs.frozen(kw_only=True)
class Field:
    """A value and where it stood in the body (``messages[2].content``).

    The readers return the value in the type that their name says, and raise
    :class:`InvalidRequest` with ``param`` set when it is of another.
    """

    path: str
    value: Any
    present: bool = True

    def get(self, name: str) -> Field:
        """A member of an object; a missing one reads as null."""
        path = f"{self.path}.{name}" if self.path else name
        return Field(path=path, value=self.value.get(name), present=name in self.value)

    @property
    def is_null(self) -> bool:
        """Missing or null."""
        return self.value is None

    def object(self) -> Field:
        """This field, which is an object."""
        if not isinstance(self.value, dict):
            self.refuse("an object")
        return self

    def items(self) -> Iterator[Field]:
        """The items of an array."""
        if not isinstance(self.value, list):
            self.refuse("an array")
        for index, item in enumerate(self.value):
            yield Field(path=f"{self.path}[{index}]", value=item)

    def string(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            self.refuse("a string")
        return self.value

    def text(self) -> str:
        """A string that a page can be given: no lone surrogates and no NUL.

        Raises:
          InvalidText: it holds one; the message says where.
        """
        value = self.string()
        check_text(value, name=self.path, param=self.path)
        return value

    def printed(self) -> str:
        """A string that a tool printed.

        What no page can be given is mended: the client cannot take it back, and sends it with every
        request from now on. Cutting a long output in the middle of an emoji is enough to have one.
        """
        return mend_text(self.string())

    def boolean(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.refuse("true or false")
        return self.value

    def integer(self) -> int:
        """A whole number; ``3.0`` counts as one."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.refuse("a whole number")
        if isinstance(self.value, float) and not self.value.is_integer():
            self.refuse("a whole number")
        return int(self.value)

    def number(self) -> float:
        """A number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.refuse("a number")
        return self.value

    def refuse(self, wanted: str) -> NoReturn:
        """Say that the field is something else than what is wanted."""
        if not self.present:
            raise InvalidRequest(f"{self.path} is missing; it is {wanted}.", param=self.path)
        raise InvalidRequest(f"{self.path} is {_kind(self.value)}, not {wanted}.", param=self.path)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
