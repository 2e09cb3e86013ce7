"""Recorded streams, which lie beside the project and are no part of it, cut in every way."""

from __future__ import annotations

import importlib.util
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdp_relay.chat.decode import decode_stream
from tests.providers import chatgpt_frames, claude_frames, gemini_frames

WIRE = Path(__file__).parents[3] / "shared" / "wire"
PROVIDERS = {
    "chatgpt": chatgpt_frames.provider,
    "claude": claude_frames.provider,
    "gemini": gemini_frames.provider,
}
SAMPLES = [path for name in PROVIDERS for path in sorted(WIRE.glob(f"{name}/*.json"))]
KINDS = {"sse", "streamgenerate", "http-error"}
"""Not pieces of DOM, and not the results of other calls, which no decoder reads."""


def _sidecars() -> list[Any]:
    if not SAMPLES:
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no recorded streams in {WIRE}"))]
    read = [(path, json.loads(path.read_text("utf-8"))) for path in SAMPLES]
    return [
        pytest.param((path, side), id=f"{path.parent.name} {path.stem}")
        for path, side in read
        if side["kind"] in KINDS
    ]


def _checker() -> Any:
    spec = importlib.util.spec_from_file_location("wire_check", WIRE / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _cut(data: bytes, sizes: Iterator[int]) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = next(sizes)
        yield data[at : at + size]
        at += size


def _sizes(way: str) -> Iterator[int]:
    chance = random.Random(way)
    while True:
        yield {"whole": 1 << 30, "each": 1, "sevens": 7}.get(way) or chance.choice(
            (1, 2, 3, 5, 17, 64, 333, 1400)
        )


@pytest.mark.parametrize("way", ["whole", "each", "sevens", "random 1", "random 2", "random 3"])
@pytest.mark.parametrize("sample", _sidecars())
def test_a_recorded_stream_decodes_as_its_finder_says(sample: tuple[Path, dict[str, Any]], way: str) -> None:
    path, side = sample
    data = (path.parent / side["sample"]).read_bytes()
    provider = PROVIDERS[path.parent.name]()
    got = decode_stream(provider, _cut(data, _sizes(way)), status=side.get("http", {}).get("status", 200))
    need = ("conversation_id", "message_id", "model", "title")
    assert _checker().judge(got, side, need, strict=True) == []
    assert got["drift"] == []
    if side["kind"] == "http-error":
        # A saved refusal has lost its status.
        unsaid = decode_stream(provider, _cut(data, _sizes(way)))
        assert _checker().judge(unsaid, side, (), strict=True) == []
