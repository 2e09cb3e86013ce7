"""Recorded streams of AI Studio, which lie beside the project and are no part of it, cut in every way."""

from __future__ import annotations

import importlib.util
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdp_relay.chat.decode import decode_stream
from tests.providers.aistudio_frames import provider

WIRE = Path(__file__).parents[3] / "shared" / "wire"
SAMPLES = sorted(WIRE.glob("aistudio/*.json"))


def _sidecars() -> list[Any]:
    if not SAMPLES:
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no recorded streams in {WIRE}"))]
    return [pytest.param((path, json.loads(path.read_text("utf-8"))), id=path.stem) for path in SAMPLES]


def _checker() -> Any:
    spec = importlib.util.spec_from_file_location("wire_check", WIRE / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _cut(data: bytes, way: str) -> Iterator[bytes]:
    chance = random.Random(way)
    at = 0
    while at < len(data):
        size = {"whole": len(data), "each": 1, "sevens": 7}.get(way) or chance.choice((1, 2, 5, 17, 64, 333))
        yield data[at : at + size]
        at += size


@pytest.mark.parametrize("way", ["whole", "each", "sevens", "random 1", "random 2", "random 3"])
@pytest.mark.parametrize("sample", _sidecars())
def test_a_recorded_stream_decodes_as_its_finder_says(sample: tuple[Path, dict[str, Any]], way: str) -> None:
    path, side = sample
    data = (path.parent / side["sample"]).read_bytes()
    # A saved refusal has often lost its status; it is known all the same.
    for status in {200, side.get("http", {}).get("status", 200)}:
        got = decode_stream(provider(), _cut(data, way), status=status)
        assert _checker().judge(got, side, (), strict=True) == []
        assert got["drift"] == []
        counted = side["expected"].get("usage")
        if counted:
            output = counted["output"] + counted["thoughts"]
            assert got["usage"] == {
                "prompt_tokens": counted["prompt"],
                "completion_tokens": output,
                "reasoning_tokens": counted["thoughts"],
            }
