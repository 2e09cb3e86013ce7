"""Hold values against a JSON Schema of a client's, whatever that schema is like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["SchemaFit"]

_TOLD_ERRORS = 3
_TOLD_CHARS = 300


class SchemaFit:
    """A JSON Schema that values are held against; one that is itself broken lets everything through."""

    def __init__(self, schema: Mapping[str, Any], name: str = "") -> None:
        """Args:
        name: what the values are called in the errors.
        """
        import jsonschema  # 66 ms that most runs need not pay
        import referencing

        self._name = name
        self._checker: Any = None
        self.broken = ""
        """What is wrong with the schema."""
        try:
            kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
            kind.check_schema(dict(schema))
            # A registry of its own, or references to other documents would be fetched.
            self._checker = kind(dict(schema), registry=referencing.Registry())
        except jsonschema.SchemaError as error:
            self.broken = _told(error, "schema")
        except (RecursionError, ValueError, TypeError, AttributeError) as error:
            self.broken = str(error)[:_TOLD_CHARS]

    def errors(self, value: Any) -> list[str]:
        """What does not fit, in words for the model; at most a few."""
        if self._checker is None:
            return []
        try:
            found = sorted(self._checker.iter_errors(value), key=lambda error: len(error.absolute_path))
        except Exception:
            # The client's schema again: patterns that are none, references that lead nowhere.
            return []
        return [_told(error, self._name) for error in found[:_TOLD_ERRORS]]

    def __call__(self, value: Any, schema: Any, /) -> bool:
        """Whether a value fits a part of the schema."""
        if self._checker is None or not isinstance(schema, Mapping | bool):
            return True
        try:
            return bool(self._checker.evolve(schema=schema).is_valid(value))
        except Exception:
            return True


def _told(error: Any, name: str) -> str:
    said = error.message
    if len(said) > _TOLD_CHARS:
        said = f"{said[: _TOLD_CHARS - 60]} ... {said[-50:]}"
    return f"{'.'.join([name, *map(str, error.absolute_path)])}: {said}"
