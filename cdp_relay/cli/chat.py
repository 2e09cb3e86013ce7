"""``cdp-relay chat``: one question, its answer streamed to the terminal."""

from __future__ import annotations

import sys
from contextlib import aclosing, closing
from typing import Any

import click

from cdp_relay.cli.options import SettingsCommand, given_settings
from cdp_relay.cli.terminal import AnswerPrinter
from cdp_relay.settings import Home, LoadedSettings

__all__ = ["chat"]


@click.command(
    cls=SettingsCommand,
    examples="""
    cdp-relay chat 'Hello!'
    cdp-relay chat -m chatgpt 'Name three rivers.'
    git diff | cdp-relay chat 'Review this change:' -
    cdp-relay chat -m practice '/slow 100'
    """,
)
@click.argument("words", nargs=-1, metavar="[PROMPT]...")
@click.option(
    "-m", "--model", default="", metavar="MODEL", help="A label of 'cdp-relay models'; the default site's."
)
@click.option("--system", default="", metavar="TEXT", help="Instructions that stand before the prompt.")
@click.option("--reasoning", is_flag=True, help="Show the model's thinking on stderr.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when the answer is whole.")
def chat(words: tuple[str, ...], model: str, system: str, reasoning: bool, as_json: bool) -> None:
    """Ask one question and stream the answer.

    A '-' in the prompt stands for standard input; without a prompt all of it is read from there.
    The running service is asked when there is one; otherwise a browser is started for this question.
    """
    home, loaded = given_settings()
    messages = [("system", system)] if system else []
    messages.append(("user", _prompt(words)))

    from cdp_relay.cli.client import find_service

    service = find_service(home)
    with AnswerPrinter(reasoning=reasoning, quiet=as_json) as printer:
        if service is not None:
            end = _ask_service(service, model, messages, printer)
        else:
            end = _ask_alone(home, loaded, model, messages, printer)
    if as_json:
        from cdp_relay.cli.output import print_json

        print_json({"text": printer.text, "reasoning": printer.reasoning, **end})


def _prompt(words: tuple[str, ...]) -> str:
    if not words:
        if sys.stdin.isatty():
            raise click.UsageError("There is no prompt.", click.get_current_context())
        words = ("-",)
    if "-" not in words:
        return " ".join(words)
    try:
        given = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"Standard input is not UTF-8 (at byte {error.start}).") from None
    if words == ("-",):
        return given
    place = words.index("-")
    parts = (" ".join(words[:place]), given, " ".join(words[place + 1 :]))
    return "\n\n".join(part for part in parts if part)


def _ask_service(
    service: Any, model: str, messages: list[tuple[str, str]], printer: AnswerPrinter
) -> dict[str, Any]:
    body = {
        "model": model or "default",
        "messages": [{"role": role, "content": text} for role, text in messages],
        "stream_options": {"include_usage": True},
    }
    end: dict[str, Any] = {"finish_reason": None, "site": None, "model": None, "usage": None}
    with closing(service.stream(body)) as chunks:
        for chunk in chunks:
            extension = chunk.get("cdp_relay") or {}
            end |= {name: extension[name] for name in ("site", "model") if name in extension}
            end["usage"] = chunk.get("usage") or end["usage"]
            for choice in chunk.get("choices", ()):
                delta = choice.get("delta", {})
                printer.add_reasoning(delta.get("reasoning_content") or "")
                printer.add_text(delta.get("content") or "")
                end["finish_reason"] = choice.get("finish_reason") or end["finish_reason"]
    return end


def _ask_alone(
    home: Home, loaded: LoadedSettings, model: str, messages: list[tuple[str, str]], printer: AnswerPrinter
) -> dict[str, Any]:
    import attrs
    import trio

    from cdp_relay.cli.logs import set_up_logs

    log = loaded.settings.log
    if loaded.origins["log.level"] == "default":
        log = attrs.evolve(log, level="error")  # the terminal is for the answer
    set_up_logs(log)
    printer.note("starting Chrome")
    return trio.run(_ask_relay, home, loaded, model, messages, printer)


async def _ask_relay(
    home: Home, loaded: LoadedSettings, model: str, messages: list[tuple[str, str]], printer: AnswerPrinter
) -> dict[str, Any]:
    import secrets

    import attrs

    from cdp_relay.chat.relay import open_relay
    from cdp_relay.chat.vocabulary import (
        ChatRequest,
        Finished,
        Message,
        ReasoningDelta,
        RequestId,
        Role,
        StepReached,
        TextDelta,
        TextPart,
        TextRetracted,
    )

    request = ChatRequest(
        id=RequestId(f"req_{secrets.token_hex(16)}"),
        model=model or "default",
        messages=tuple(Message(role=Role(role), parts=(TextPart(text),)) for role, text in messages),
        client="cdp-relay-cli",
    )
    end: dict[str, Any] = {}
    async with open_relay(loaded.settings, home) as relay, aclosing(relay.ask(request)) as events:
        async for event in events:
            match event:
                case TextDelta(text):
                    printer.add_text(text)
                case TextRetracted(chars):
                    printer.take_back(chars)
                case ReasoningDelta(text):
                    printer.add_reasoning(text)
                case StepReached(step=step):
                    printer.note(step.value)
                case Finished():
                    usage = attrs.asdict(event.usage) | {"total_tokens": event.usage.total_tokens}
                    end = {
                        "finish_reason": event.finish_reason.value,
                        "site": event.site,
                        "model": event.model,
                        "usage": usage,
                    }
                case _:
                    pass
    return end
