from __future__ import annotations

from pathlib import Path

import pytest
import zstandard

from cdp_relay.errors import RecordingInvalid
from cdp_relay.recording._packing import find, pack, read_file, unpack


def test_what_is_packed_is_the_same_each_time_and_unpacks_to_what_it_was(tmp_path: Path) -> None:
    data = "Zeile für Zeile\n".encode() * 2000
    packed = []
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(data)
        packed.append(pack(tmp_path / name))

    assert [path.name for path in packed] == ["a.zst", "b.zst"]
    assert not (tmp_path / "a").exists()
    assert packed[0].read_bytes() == packed[1].read_bytes()
    assert packed[0].stat().st_size < len(data) / 100
    assert unpack(packed[0]).read_bytes() == data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b.zst"]


def test_the_plain_file_comes_first(tmp_path: Path) -> None:
    assert find(tmp_path / "a") is None
    (tmp_path / "a.zst").write_bytes(b"")
    assert find(tmp_path / "a") == tmp_path / "a.zst"
    (tmp_path / "a").write_bytes(b"")
    assert find(tmp_path / "a") == tmp_path / "a"


def test_only_its_owner_can_read_what_is_packed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "a").chmod(0o644)
    packed = pack(tmp_path / "a")

    assert packed.stat().st_mode & 0o777 == 0o600
    assert unpack(packed).stat().st_mode & 0o777 == 0o600


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    zeros = b"\0" * (3 << 20)
    pipe = zstandard.ZstdCompressor().compressobj()
    told, untold = zstandard.ZstdCompressor().compress(zeros), pipe.compress(zeros) + pipe.flush()
    for name, data in (("told.zst", told), ("untold.zst", untold), ("plain", zeros)):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(RecordingInvalid, match=f"{name} is too large: more than 1048576 bytes"):
            read_file(tmp_path / name, max_bytes=1 << 20)


def test_a_damaged_file_stays_and_nothing_is_left_of_the_attempt(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text" * 1000)
    packed = pack(tmp_path / "a")
    packed.write_bytes(packed.read_bytes()[:-6])

    with pytest.raises(RecordingInvalid, match=r"a\.zst is damaged"):
        unpack(packed)
    assert list(tmp_path.iterdir()) == [packed]
