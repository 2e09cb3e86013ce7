from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings

from cdp_relay.errors import InternalError, RecordingInvalid, UserError
from cdp_relay.recording.folder import (
    is_recording,
    pack_recording,
    read_about,
    read_recording,
    unpack_recording,
    write_recording,
)
from cdp_relay.recording.session import (
    Body,
    Chunk,
    Exchange,
    Heard,
    KnownText,
    Look,
    Mark,
    Request,
    Session,
    Snapshot,
)
from tests.recording.sessions import about, exchange, sessions

SESSION = Session(
    about=about(stamps={"build": "prod-1"}, notes=("one worker was not heard",)),
    exchanges=(exchange(), exchange(body=b"data: 1\n\ndata: 2\n\n", chunks=(Chunk(0.75, 9), Chunk(1.25, 9)))),
    marks=(Mark(name="empty", at=0.25),),
    snapshots=(
        Snapshot(step="empty", at=0.5, url="https://chatgpt.com/", html=Body.of(b"<p>"), storage={"k": "v"}),
        Snapshot(step="Done / ../x", at=1.5, url="https://chatgpt.com/", html=Body.of(b"<p>\xff")),
    ),
    looks=(Look(step="empty", matches={"selectors.send": (("button", 1), ("#b", 0))}),),
    heard=(Heard(0.75, {"event": "delta", "text": "Grüße"}), Heard(1.25, {"event": "finished"})),
    texts=(KnownText("prompt", "a secret wish"),),
)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_recording(tmp_path / "chatgpt" / "plain", SESSION)
    return tmp_path / "chatgpt" / "plain"


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings") / "one"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(session=sessions())
def test_a_session_is_read_as_it_was_written(again: Path, session: Session) -> None:
    write_recording(again, session, replace=True)

    assert read_recording(again) == session


def test_a_folder_has_a_file_for_each_thing_and_no_known_text(folder: Path) -> None:
    assert names(folder) == [
        "events.jsonl",
        "pages/01-empty.html",
        "pages/01-empty.storage.json",
        "pages/02-done-x.html",
        "pages/02-done-x.storage.json",
        "recording.json",
        "session.har",
    ]
    assert (folder / "pages/02-done-x.html").read_bytes() == b"<p>\xff"
    assert json.loads((folder / "events.jsonl").read_text("utf-8").splitlines()[0]) == {
        "at": 0.75,
        "event": {"event": "delta", "text": "Grüße"},
    }
    assert all(b"secret wish" not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert read_recording(folder) == attrs.evolve(SESSION, texts=())
    assert read_about(folder) == SESSION.about


def test_only_its_owner_can_read_it(folder: Path) -> None:
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}

    assert modes == {True: 0o700, False: 0o600}
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def test_what_was_not_redacted_is_not_written(tmp_path: Path) -> None:
    raw = attrs.evolve(SESSION, about=about(redacted=False))

    with pytest.raises(InternalError, match="not redacted"):
        write_recording(tmp_path / "a" / "b", raw)
    assert list(tmp_path.iterdir()) == []


# --- what is there already -------------------------------------------------------------------------


def test_a_recording_is_replaced_only_when_told(folder: Path) -> None:
    other = attrs.evolve(SESSION, about=about(title="Another"), snapshots=(), texts=())
    with pytest.raises(UserError, match="holds a recording already"):
        write_recording(folder, other)
    assert read_about(folder).title == ""

    write_recording(folder, other, replace=True)

    assert read_recording(folder) == other
    assert not (folder / "pages/01-empty.html").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["plain"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    write_recording(tmp_path / "mine", SESSION)

    assert is_recording(tmp_path / "mine")


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
@pytest.mark.parametrize("replace", [False, True])
def test_what_is_no_recording_is_left_alone(tmp_path: Path, kind: str, replace: bool) -> None:
    target = tmp_path / "mine"
    if kind == "folder":
        target.mkdir()
        (target / "letter.txt").write_text("dear")
    elif kind == "file":
        target.write_text("dear")
    else:
        target.symlink_to(tmp_path / "nowhere")

    with pytest.raises(UserError, match="no recording; it is left alone"):
        write_recording(target, SESSION, replace=replace)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert kind != "folder" or (target / "letter.txt").read_text() == "dear"


def test_half_a_recording_is_never_there(folder: Path) -> None:
    broken = attrs.evolve(
        SESSION, about=about(title="Another"), exchanges=(exchange(body=b"123", chunks=(Chunk(1.0, 1),)),)
    )

    with pytest.raises(InternalError):
        write_recording(folder, broken, replace=True)
    with pytest.raises(InternalError):
        write_recording(folder.parent / "new", broken)
    assert [path.name for path in folder.parent.iterdir()] == ["plain"]
    assert read_about(folder).title == ""


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("dear")

    with pytest.raises(OSError, match="a"):
        write_recording(tmp_path / "a" / "b", SESSION)
    assert (tmp_path / "a").read_text() == "dear"


# --- packed ----------------------------------------------------------------------------------------


def test_packed_it_is_read_as_before_and_is_the_same_each_time(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_recording(other, SESSION)
    pack_recording(folder)
    pack_recording(other)

    assert names(folder) == [
        "events.jsonl.zst",
        "pages/01-empty.html.zst",
        "pages/01-empty.storage.json.zst",
        "pages/02-done-x.html.zst",
        "pages/02-done-x.storage.json.zst",
        "recording.json",
        "session.har.zst",
    ]
    assert [(folder / name).read_bytes() for name in names(folder)] == [
        (other / name).read_bytes() for name in names(other)
    ]
    assert read_recording(folder) == attrs.evolve(SESSION, texts=())

    unpack_recording(folder)

    assert not [name for name in names(folder) if name.endswith(".zst")]
    assert read_recording(folder) == attrs.evolve(SESSION, texts=())


def test_packing_leaves_what_somebody_put_beside_it(folder: Path) -> None:
    (folder / "README.md").write_text("why")
    (folder / "pages" / "shot.png").write_bytes(b"png")
    pack_recording(folder)
    pack_recording(folder)

    assert {"README.md", "pages/shot.png"} < set(names(folder))


def test_a_folder_that_is_no_recording_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "session.har").write_text("{}")

    for act in (pack_recording, unpack_recording):
        with pytest.raises(RecordingInvalid, match=r"no recording: it has no recording\.json"):
            act(tmp_path)
    assert names(tmp_path) == ["session.har"]


def test_pages_pack_five_to_one(tmp_path: Path) -> None:
    items = (
        "".join(
            f"<li class='item-{n % 7}'><a href='/c/{n * 7919}'>Chat {n * n}</a></li>" for n in range(900)
        ),
    )
    page = b"<!doctype html><ul>" + "".join(items).encode()
    write_recording(tmp_path / "a", Session(about=about(), exchanges=(exchange(body=page),)))
    plain = sum((tmp_path / "a" / name).stat().st_size for name in names(tmp_path / "a"))
    pack_recording(tmp_path / "a")
    packed = sum((tmp_path / "a" / name).stat().st_size for name in names(tmp_path / "a"))

    assert plain / packed >= 5


# --- damaged ---------------------------------------------------------------------------------------


def edited(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")

    return edit


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without("recording.json"), r"no recording: it has no recording\.json"),
        (without("session.har"), r"has no session\.har, nor session\.har\.zst"),
        (without("events.jsonl"), r"has no events\.jsonl"),
        (without("pages/01-empty.html"), r"has no pages/01-empty\.html"),
        (without("pages/02-done-x.storage.json"), r"has no pages/02-done-x\.storage\.json"),
        (edited("recording.json", '"format": 1', '"format": 2'), "format 2, and this version reads up to 1"),
        (edited("recording.json", '"format": 1,', ""), r"recording\.json is damaged: .*`format`"),
        (edited("recording.json", '"site": "chatgpt"', '"site": 5'), r"json is damaged: .*about\.site"),
        (edited("recording.json", "{", ""), r"recording\.json is damaged: it is no JSON"),
        (edited("recording.json", '"step": "empty"', '"step": "full"'), r"has no pages/01-full\.html"),
        (edited("events.jsonl", '{"at":1.25', '{"at":"x"'), r"events\.jsonl, line 2, is damaged"),
        (edited("events.jsonl", "}}\n{", "}\n{"), r"events\.jsonl, line 1, is damaged: it is no JSON"),
        (edited("pages/01-empty.storage.json", '"v"', "1"), r"01-empty\.storage\.json is damaged"),
        (edited("session.har", '"_chunks":[[', '"_chunks":[[0,1],['), r"session\.har is damaged in entry 2"),
    ],
)  # fmt: skip
def test_what_is_damaged_is_named(folder: Path, damage: Callable[[Path], None], said: str) -> None:
    damage(folder)

    with pytest.raises(RecordingInvalid, match=said):
        read_recording(folder)


def test_what_is_no_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("{}")

    for path in (tmp_path / "a", tmp_path / "none"):
        with pytest.raises(RecordingInvalid, match="is no folder"):
            read_recording(path)
        assert not is_recording(path)


def test_a_name_in_recording_json_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("of somebody")
    steps = Snapshot(step="../../secret", at=0.0, url="", html=Body.of(b"ours"))
    write_recording(tmp_path / "a", Session(about=about(), snapshots=(steps,)))

    assert names(tmp_path) == [
        "a/events.jsonl",
        "a/pages/01-secret.html",
        "a/pages/01-secret.storage.json",
        "a/recording.json",
        "a/session.har",
        "secret.html",
    ]
    assert read_recording(tmp_path / "a").snapshots == (steps,)


def test_a_request_without_an_answer_stays_one(tmp_path: Path) -> None:
    waits = Exchange(id="1", at=0.5, request=Request(method="GET", url="https://chatgpt.com/wait"))
    write_recording(tmp_path / "a", Session(about=about(), exchanges=(waits,)))

    assert read_recording(tmp_path / "a").exchanges == (waits,)
