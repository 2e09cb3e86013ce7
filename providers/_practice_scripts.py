"""What the practice page answers: scripts as plain generators of moves, without any I/O.

A script is chosen by the first word of the prompt's last user message (``/lorem 200``), else by the
model in the page's address, else it is ``echo``. With a model in the address the arguments are the
message's own words, where they fit.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs

__all__ = [
    "ERROR_KINDS",
    "SCRIPTS",
    "Cut",
    "End",
    "Fail",
    "Hang",
    "Move",
    "Refuse",
    "Say",
    "Show",
    "Think",
    "Unknown",
    "Wait",
    "last_user_message",
    "play",
]


@attrs.frozen
class Say:
    """A piece of the answer."""

    text: str


@attrs.frozen
class Think:
    """A piece of the thinking that is shown before the answer."""

    text: str


@attrs.frozen(kw_only=True)
class Show:
    """A picture that belongs to the answer."""

    url: str
    description: str


@attrs.frozen
class Wait:
    """A pause."""

    seconds: float


@attrs.frozen(kw_only=True)
class Refuse:
    """No stream at all: an HTTP status instead. Only as the first move."""

    status: int
    message: str
    retry_after: int | None = None


@attrs.frozen(kw_only=True)
class Fail:
    """An error told inside the stream."""

    code: str
    message: str


@attrs.frozen
class End:
    """The answer is whole, for this reason."""

    reason: str = "stop"


@attrs.frozen
class Cut:
    """The connection ends in the middle of the answer."""


@attrs.frozen
class Hang:
    """Nothing more comes, and nothing ends."""


@attrs.frozen
class Unknown:
    """An event of a kind that no decoder knows."""


Move = Say | Show | Think | Wait | Refuse | Fail | End | Cut | Hang | Unknown

_MAX_WORDS = 2_000_000
"""About 12 MB of answer: more than any chat page gives, and still a matter of seconds."""

_WORDS = re.findall(
    r"\w+",
    """
    lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et
    dolore magna aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea
    commodo consequat duis aute irure in reprehenderit voluptate velit esse cillum fugiat nulla pariatur
    excepteur sint occaecat cupidatat non proident sunt culpa qui officia deserunt mollit anim id est
    laborum
    """,
)

_CODE = '''Here is a program that counts words:

```python
from collections import Counter
from pathlib import Path


def count_words(path: Path) -> Counter[str]:
    """Return how often each word occurs."""
    words: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines():
        words.update(line.lower().split())

\t# A tab, four blank lines and an odd quote follow: \\t "\\n" 'x' `y` $HOME <b>&amp;</b>



    return words


if __name__ == "__main__":
    for word, count in count_words(Path("book.txt")).most_common(10):
        print(f"{count:6d}  {word}")
```

Run it with `python3 count.py`.
'''

_MARKDOWN = """# Heading 1

A paragraph with **bold**, *italic*, ~~struck~~, `code with | and \\`` and a [link](https://example.org/?a=1&b=2).
A second line with two spaces at its end,\x20\x20
and a third with an escaped \\* star.

## Heading 2

1. first
2. second
   - nested
   - with `code`
3. third

- [x] done
- [ ] open

> A quotation
> of two lines

| left | middle | right |
|:-----|:------:|------:|
| a    | b \\| c | 1     |
| ä    | 漢字   | 2     |

```rust
fn main() {
    println!("a fence with ``` inside a comment"); // ```
}
```

````
a longer fence
```
````

Mathematics: $e^{i\\pi} + 1 = 0$ and

$$
\\int_0^1 x^2 \\, dx = \\frac{1}{3}
$$

Emoji 👩‍👩‍👧‍👦🏳️‍🌈, right to left שלום عالم, combining e\u0301, zero width a\u200bb.

---

The end.
"""

_THOUGHTS = (
    "The person wants an answer. First, what is known: the question is short. Then, what is missing: nothing "
    "that can be asked here. So the answer can be given at once, in one sentence."
)


# --- the scripts ---------------------------------------------------------------------------------


def _cut(parts: Iterable[str]) -> Iterator[Move]:
    """Say a text in pieces that grow: a short answer comes word by word, 5 MB in some hundred events."""
    sent = 0
    held = ""
    for part in parts:
        held += part
        at = 0
        while len(held) - at >= (size := min(16_384, max(8, sent // 16))):
            yield Say(held[at : at + size])
            at += size
            sent += size
        held = held[at:]
    if held:
        yield Say(held)


def _number(words: Sequence[str], at: int, default: int, highest: int) -> int:
    if at < len(words) and words[at].isascii() and words[at].isdigit():
        return min(int(words[at][:12]), highest)
    return default


def _lorem_sentences(count: int) -> Iterator[str]:
    chance = random.Random(3003)  # the same words every time, so that a test can compare
    left = count
    sentence = 0
    while left > 0:
        length = min(left, chance.randint(5, 14))
        words = chance.choices(_WORDS, k=length)
        left -= length
        sentence += 1
        end = "." if left == 0 else (".\n\n" if sentence % 6 == 0 else ". ")
        yield " ".join(words).capitalize() + end


def _echo(_words: Sequence[str], text: str) -> Iterator[Move]:
    yield from _cut((text,))
    yield End()


def _lorem(words: Sequence[str], _text: str) -> Iterator[Move]:
    yield from _cut(_lorem_sentences(_number(words, 0, 60, _MAX_WORDS)))
    yield End()


def _code(_words: Sequence[str], _text: str) -> Iterator[Move]:
    yield from _cut((_CODE,))
    yield End()


def _markdown(_words: Sequence[str], _text: str) -> Iterator[Move]:
    yield from _cut((_MARKDOWN,))
    yield End()


def _slow(words: Sequence[str], _text: str) -> Iterator[Move]:
    pause = _number(words, 0, 200, 600_000) / 1000
    for number, word in enumerate("".join(_lorem_sentences(_number(words, 1, 40, _MAX_WORDS))).split()):
        yield Wait(pause)
        yield Say(word if number == 0 else f" {word}")
    yield End()


def _thinking(words: Sequence[str], _text: str) -> Iterator[Move]:
    pause = _number(words, 0, 20, 600_000) / 1000
    for number, word in enumerate(_THOUGHTS.split()):
        yield Wait(pause)
        yield Think(word if number == 0 else f" {word}")
    yield from _cut(("The thinking came first, and this sentence is the answer.",))
    yield End()


def _picture(words: Sequence[str], _text: str) -> Iterator[Move]:
    if words and words[0].lower() == "gone":
        yield Say("This picture is gone already.")
        yield Show(url="/gone.png", description="nothing")
    else:
        yield Show(url="/river.png", description="A river under a clear sky.")
    yield End()


_BEGINNING = "This answer begins well, "

ERROR_KINDS: dict[str, tuple[Move, ...]] = {
    "frame": (Say(_BEGINNING), Fail(code="generation_failed", message="Something went wrong.")),
    "rate-limit": (Refuse(status=429, message="Too many requests.", retry_after=7),),
    "overloaded": (Refuse(status=503, message="The practice page is overloaded.", retry_after=3),),
    "signed-out": (Refuse(status=401, message="Nobody is signed in."),),
    "server": (Refuse(status=500, message="Internal error."),),
    "cut": (Say(_BEGINNING), Say("and then the line goes "), Cut()),
    "unfinished": (Say(_BEGINNING), Say("and ends without its end sign")),
    "empty": (End(),),
    "cap": (Fail(code="usage_cap_reached", message="The allowance of this model is used up."),),
    "blocked": (Fail(code="content_filter", message="This answer is withheld."),),
    "length": (Say(_BEGINNING), End("length")),
    "drift": (Say(_BEGINNING), Unknown(), Say("and goes on after an unknown event."), End()),
    "silent": (Hang(),),
    "stall": (Say(_BEGINNING), Hang()),
}
"""Ways to fail, by the word after ``/error``."""


def _error(words: Sequence[str], _text: str) -> Iterator[Move]:
    yield from ERROR_KINDS.get(words[0].lower() if words else "", ERROR_KINDS["frame"])


SCRIPTS: dict[str, Callable[[Sequence[str], str], Iterator[Move]]] = {
    "echo": _echo,
    "lorem": _lorem,
    "code": _code,
    "markdown": _markdown,
    "slow": _slow,
    "thinking": _thinking,
    "picture": _picture,
    "error": _error,
}
"""Scripts by name; each takes the words of its arguments and the exact text they were read from."""


# --- choosing ------------------------------------------------------------------------------------

_RENDERED = ("# Instructions\n\n", "# Conversation so far\n\n")
_LAST = "\n\n# Message to answer\n\n"
_COMMAND = re.compile(r"/([a-z]+)(?:[ \n]|\Z)")


def play(prompt: str, model: str = "") -> tuple[str, Iterator[Move]]:
    """Answer a prompt: the script that it, or else the model, asks for, and the script's moves."""
    text = last_user_message(prompt)
    name = model if model in SCRIPTS else "echo"
    command = _COMMAND.match(text)
    if command is not None and command[1] in SCRIPTS:
        name, text = command[1], text[command.end() :]
    # Arguments stand at the front; a prompt of megabytes is not split for their sake.
    return name, SCRIPTS[name](text[:200].split(), text)


def last_user_message(prompt: str) -> str:
    """The last user message of a conversation that the relay rendered into one prompt.

    It is the whole prompt when that is a single message, or when it cannot be told for sure.
    """
    if prompt.startswith(_RENDERED) and prompt.count(_LAST) == 1:
        return prompt.partition(_LAST)[2]
    return prompt.removeprefix(_LAST[2:])
