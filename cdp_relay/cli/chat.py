"""``cdp-relay chat``: one question, its answer streamed to the terminal."""

from __future__ import annotations

import sys
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import click

from cdp_relay.cli.files import Keeper, as_part, read_files
from cdp_relay.cli.options import SettingsCommand, given_settings
from cdp_relay.cli.terminal import AnswerPrinter
from cdp_relay.settings import Home, LoadedSettings

__all__ = ["chat"]

_SHOWN = ("site", "model", "conversation_id")
"""What an answer's extension object says that is shown as well."""


@click.command(
    cls=SettingsCommand,
    examples="""
    cdp-relay chat 'Hello!'
    cdp-relay chat -m chatgpt 'Name three rivers.'
    cdp-relay chat -m chatgpt --effort high --temporary 'Is 2^61-1 prime?'
    git diff | cdp-relay chat 'Review this change:' -
    cdp-relay chat --file plan.pdf --file photo.png 'What is wrong here?'
    cdp-relay chat --save pictures 'Draw a river.'
    cdp-relay chat -m practice '/slow 100'
    """,
)
@click.argument("words", nargs=-1, metavar="[PROMPT]...")
@click.option(
    "-m", "--model", default="", metavar="MODEL", help="A label of 'cdp-relay models'; the default site's."
)
@click.option("--system", default="", metavar="TEXT", help="Instructions that stand before the prompt.")
@click.option(
    "--effort", metavar="WORD", help="How hard to think: low, medium, high, or the site's own word."
)
@click.option("--temperature", type=click.FloatRange(0, 2), metavar="NUMBER", help="Where the site has it.")
@click.option(
    "--max-tokens",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Longest answer, as far as tokens can be estimated.",
)
@click.option("--stop", multiple=True, metavar="TEXT", help="End the answer here; repeatable.")
@click.option("--temporary", is_flag=True, help="Ask in a chat that the site does not keep.")
@click.option("--conversation", default="", metavar="ID", help="Go on with this chat of the site.")
@click.option(
    "--file",
    "paths",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Send a file or an image along; repeatable.",
)
@click.option(
    "--save",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep the answer's images and files here.",
)
@click.option("--reasoning", is_flag=True, help="Show the model's thinking on stderr.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when the answer is whole.")
def chat(
    words: tuple[str, ...],
    system: str,
    temporary: bool,
    conversation: str,
    paths: tuple[Path, ...],
    save: Path | None,
    reasoning: bool,
    as_json: bool,
    **wishes: Any,
) -> None:
    """Ask one question and stream the answer.

    A '-' in the prompt stands for standard input; without a prompt all of it is read from there.
    The running service is asked when there is one; otherwise a browser is started for this question.
    """
    home, loaded = given_settings()
    if temporary and conversation:
        raise click.UsageError(
            "--temporary is for a new chat; it cannot go with --conversation.", click.get_current_context()
        )
    body = _body(system, _prompt(words), read_files(paths), wishes)
    keeper = Keeper(save)
    where = "temporary" if temporary else conversation

    from cdp_relay.cli.client import find_service

    service = find_service(home)
    with AnswerPrinter(reasoning=reasoning, quiet=as_json) as printer:
        if service is not None:
            end = _ask_service(service, body, where, printer, keeper)
        else:
            end = _ask_alone(home, loaded, body, where, printer, keeper)
    if as_json:
        from cdp_relay.cli.output import print_json

        print_json({"text": printer.text, "reasoning": printer.reasoning, "files": keeper.kept, **end})
    else:
        keeper.report()


def _body(
    system: str, prompt: str, files: list[tuple[str, str, bytes]], wishes: dict[str, Any]
) -> dict[str, Any]:
    """The question as a body of Chat Completions, whoever answers it."""
    parts = [{"type": "text", "text": prompt}, *(as_part(*file) for file in files)]
    messages = [{"role": "system", "content": system}] if system else []
    body = {
        "model": wishes["model"] or "default",
        "messages": [*messages, {"role": "user", "content": parts if files else prompt}],
        "reasoning_effort": wishes["effort"],
        "temperature": wishes["temperature"],
        "max_tokens": wishes["max_tokens"],
        "stop": list(wishes["stop"]) or None,
    }
    return {name: value for name, value in body.items() if value is not None}


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
    service: Any, body: dict[str, Any], where: str, printer: AnswerPrinter, keeper: Keeper
) -> dict[str, Any]:
    asked = body | {"stream_options": {"include_usage": True}}
    end: dict[str, Any] = {"finish_reason": None, "site": None, "model": None, "usage": None}
    with closing(service.stream(asked, {"X-CDP-Relay-Chat": where} if where else {})) as chunks:
        for chunk in chunks:
            extension = chunk.get("cdp_relay") or {}
            end |= {name: extension[name] for name in _SHOWN if name in extension}
            end["usage"] = chunk.get("usage") or end["usage"]
            for choice in chunk.get("choices", ()):
                delta = choice.get("delta", {})
                printer.add_reasoning(delta.get("reasoning_content") or "")
                printer.add_text(delta.get("content") or "")
                keeper.take_parts(delta)
                end["finish_reason"] = choice.get("finish_reason") or end["finish_reason"]
    return end


def _ask_alone(
    home: Home,
    loaded: LoadedSettings,
    body: dict[str, Any],
    where: str,
    printer: AnswerPrinter,
    keeper: Keeper,
) -> dict[str, Any]:
    import attrs
    import trio

    from cdp_relay.cli.logs import set_up_logs

    log = loaded.settings.log
    if loaded.origins["log.level"] == "default":
        log = attrs.evolve(log, level="error")  # the terminal is for the answer
    set_up_logs(log)
    printer.note("starting Chrome")
    return trio.run(_ask_relay, home, loaded, body, where, printer, keeper)


async def _ask_relay(
    home: Home,
    loaded: LoadedSettings,
    body: dict[str, Any],
    where: str,
    printer: AnswerPrinter,
    keeper: Keeper,
) -> dict[str, Any]:
    import attrs

    from cdp_relay.api.chat_completions.request import read_chat_completion
    from cdp_relay.api.exchange import new_request_id
    from cdp_relay.api.json_body import Field
    from cdp_relay.api.parameters import read_chat
    from cdp_relay.chat.relay import open_relay
    from cdp_relay.chat.vocabulary import (
        FileProduced,
        Finished,
        ReasoningDelta,
        StepReached,
        TextDelta,
        TextRetracted,
    )

    asked = read_chat_completion(
        Field(path="", value=body), request_id=new_request_id(), client="cdp-relay-cli", chat=read_chat(where)
    )
    request = asked.request
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
                case FileProduced(name=name, media_type=media_type, data=data):
                    keeper.take(name, media_type, data)
                case StepReached(step=step):
                    printer.note(step.value)
                case Finished():
                    usage = attrs.asdict(event.usage) | {"total_tokens": event.usage.total_tokens}
                    end = {
                        "finish_reason": event.finish_reason.value,
                        "site": event.site,
                        "model": event.model,
                        "conversation_id": event.conversation_id,
                        "usage": usage,
                    }
                case _:
                    pass
    return end
