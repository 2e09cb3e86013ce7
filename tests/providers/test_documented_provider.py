"""The fifth site of docs/new-provider.md, as a user adds it: nothing but two files in a folder."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from cdp_relay.chat.decode import decode_stream
from cdp_relay.chat.registry import load_provider, load_registry
from cdp_relay.cli.provider_check import check_provider
from cdp_relay.settings import Home
from tests.providers.documented import write_documented_provider

_SAMPLES = Path(__file__).parents[3] / "shared" / "wire" / "deepseek"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    write_documented_provider(tmp_path / "providers")
    return Home(config=tmp_path, state=tmp_path)


def test_it_is_one_of_the_sites(home: Home) -> None:
    registry = load_registry(home)
    assert registry.sources["deepseek"].origin == str(home.providers / "deepseek.py")
    assert next(iter(registry.providers)) == "chatgpt"
    check_provider("deepseek", home)


@pytest.mark.skipif(not _SAMPLES.is_dir(), reason=f"no samples at {_SAMPLES}")
@pytest.mark.parametrize("cut", [0, 1, 7, "random"])
def test_it_decodes_the_recorded_stream(home: Home, cut: int | str) -> None:
    provider = load_provider("deepseek", home)
    for sidecar in sorted(_SAMPLES.glob("*.json")):
        sample: dict[str, Any] = json.loads(sidecar.read_text("utf-8"))
        data = (_SAMPLES / sample["sample"]).read_bytes()
        decoded = decode_stream(provider, _pieces(data, cut))
        for key in ("text", "reasoning", "finish_reason", "title"):
            assert decoded[key] == sample["expected"][key], (sidecar.name, key)
        assert decoded["drift"] == []


def test_what_it_does_not_know_is_drift_and_no_end(home: Home) -> None:
    stream = b"".join(
        f"{event}data: {json.dumps(data)}\n\n".encode()
        for event, data in (
            ("", {"v": {"response": {"fragments": [{"type": "RESPONSE", "content": "a"}]}}}),
            ("event: confetti\n", {"n": 1}),
            ("", {"p": "response/fragments/-1/content", "o": "APPEND", "v": "b"}),
            ("", {"p": "response/fragments", "o": "APPEND", "v": [{"type": "TIP", "content": "x"}]}),
            ("", {"p": "response/fragments/7/content", "v": "?"}),
        )
    )
    decoded = decode_stream(load_provider("deepseek", home), [stream, b"data: not JSON\n\n"])
    assert decoded["text"] == "ab"
    assert decoded["finish_reason"] is None
    assert len(decoded["drift"]) == 4


def _pieces(data: bytes, cut: int | str) -> list[bytes]:
    if cut == 0:
        return [data]
    if isinstance(cut, int):
        return [data[at : at + cut] for at in range(0, len(data), cut)]
    places = sorted(random.Random(7).sample(range(1, len(data)), 40))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
