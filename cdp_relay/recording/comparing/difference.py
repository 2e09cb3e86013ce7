"""One thing that is not as it was, in words that a person understands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import attrs

__all__ = ["Difference", "Kind", "Weight", "is_grave", "sorted_differences"]

Weight = Literal["breaks", "notable", "minor"]
"""``breaks``: no answer may come; ``notable``: to be looked at; ``minor``: sites change so every day."""

Kind = Literal[
    "answer",
    "build",
    "endpoint",
    "heard",
    "language",
    "page",
    "request",
    "selector",
    "socket",
    "stream",
    "timing",
]

_WEIGHTS: Sequence[Weight] = ("breaks", "notable", "minor")


@attrs.frozen(kw_only=True)
class Difference:
    """What changed between two recordings of a site."""

    kind: Kind
    weight: Weight
    sentence: str
    """For a person; whole without anything around it."""
    where: str = ""
    """The key of the definition, the endpoint, the place in a stream."""
    old: str = ""
    new: str = ""


def is_grave(differences: Iterable[Difference]) -> bool:
    """Whether any is more than minor."""
    return any(one.weight != "minor" for one in differences)


def sorted_differences(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """The gravest first, otherwise in the order in which they were found; each once."""
    return tuple(sorted(dict.fromkeys(differences), key=lambda one: _WEIGHTS.index(one.weight)))
