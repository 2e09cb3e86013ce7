"""What a turn means to do: labels, chats, wishes and words, and what is refused before a tab is taken."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cdp_relay.chat import ChatRequest, Drift, Message, Notice, RequestId, Role, TextPart
from cdp_relay.chat.contract import Provider, Submission
from cdp_relay.chat.conversations import Claim, HeldChat, MatchKind, read_units
from cdp_relay.chat.labels import read_label
from cdp_relay.chat.offers import (
    SeenModels,
    model_pattern,
    offered_models,
    seen_models,
    slug,
    wished_pattern,
)
from cdp_relay.chat.plan import Plan, plan_turn
from cdp_relay.chat.prompt import render_prompt
from cdp_relay.chat.registry import read_definition
from cdp_relay.chat.status import Route
from cdp_relay.chat.vocabulary import ChatChoice, FilePart, OutputFormat, Tool, Wishes
from cdp_relay.errors import InvalidRequest, InvalidText, SettingsError, UnsupportedValue

CHOICE = {"kind": "choice", "control": ["#x"], "items": [".item"]}


def provider(**changes: Any) -> Provider:
    document = {
        "name": "site",
        "title": "Site",
        "any_model": True,
        "pages": {
            "new_chat": "https://site.test/",
            "new_chat_with_model": "https://site.test/?model={model}",
            "temporary_chat": "https://site.test/?temporary=true&model={model}",
            "conversation": "https://site.test/c/{id}",
        },
        "selectors": {"composer": ["x"], "send": ["x"], "stop": ["x"]},
        "insertion": {"ladder": {}},
        "submission": {"paths": ["/x"]},
        "controls": {
            "model": CHOICE,
            "effort": {**CHOICE, "values": {"low": "Instant", "minimal": "Instant", "high": "Extended.*"}},
            "system": {"kind": "text", "control": ["#s"]},
            "temperature": {"kind": "number", "control": ["#t"]},
            "max_output_tokens": {"kind": "number", "control": ["#m"]},
            "stop": {"kind": "list", "control": ["#l"]},
        },
        "models": [
            {"id": "six", "label": "Six", "menu": "GPT.6.*", "wire": "gpt-6(-.+)?", "efforts": ["high"]},
            {"id": "five-5", "label": "Five 5"},
            {"id": "odd:name"},
        ],
    }
    return Provider(read_definition({**document, **changes}, "test"))


def bare(**pages: Any) -> Provider:
    """A site without any control."""
    return provider(controls={}, pages={"new_chat": "https://site.test/", **pages}, models=[])


def message(role: str, text: str) -> Message:
    return Message(role=Role(role), parts=(TextPart(text),))


def plan(
    *messages: tuple[str, str],
    site: Provider | None = None,
    model: str | None = None,
    effort: str | None = None,
    **more: Any,
) -> Plan:
    options = {name: more.pop(name) for name in ("temporary", "seen", "claim") if name in more}
    request = ChatRequest(
        id=RequestId("r"),
        model="site",
        messages=tuple(message(*one) for one in messages or (("user", "Hi"),)),
        **more,
    )
    route = Route(site="site", model=model, effort=effort, by_default=False)
    return plan_turn(request, route, site or provider(), **options)


# --- labels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "model", "effort"),
    [
        ("site", None, None),
        ("site:high", None, "high"),
        ("site:HIGH", None, "high"),
        ("site/six", "six", None),
        ("site/six:high", "six", "high"),
        ("site/odd:name", "odd:name", None),
        ("site/odd:name:max", "odd:name", "max"),
        ("site/other:tag", "other:tag", None),
        ("site/other:minimal", "other", "minimal"),
        ("site/a/b", "a/b", None),
        ("site/", None, None),
        ("site/:low", None, "low"),
        ("site/gemma:high", "gemma:high", None),
    ],
)
def test_a_label_names_a_site_a_model_and_an_effort(
    label: str, model: str | None, effort: str | None
) -> None:
    seen = SeenModels.from_json(
        {"seen_at": 1, "models": [{"id": "gemma:high", "label": "G", "available": True, "why": ""}]}
    )
    assert seen is not None
    read = read_label(label, {"site": provider().site}, {"site": seen})
    assert read is not None
    assert (read.site, read.model, read.effort) == ("site", model, effort)


@pytest.mark.parametrize("label", ["", "gpt-5", "sites/x", "site:deep", "Site", "/six", "gpt-5:high"])
def test_any_other_label_names_no_site(label: str) -> None:
    assert (read_label(label, {"site": provider().site}, {}) is None) == (label != "site:deep")


# --- offers ----------------------------------------------------------------------------------------


def test_items_of_a_menu_become_ids_and_are_found_again_by_them() -> None:
    site = provider().site
    seen = seen_models(
        site,
        [
            ("GPT-6 (Astra)", "GPT-6 (Astra) Best", True, ""),
            ("Five  5", "Five 5", False, "Resets at 17:00"),
            ("Größer – für alles", "", True, ""),
            ("★", "★", True, ""),
        ],
        5.0,
    )
    assert [(one.id, one.label, one.available, one.why) for one in seen.models] == [
        ("six", "GPT-6 (Astra)", True, ""),
        ("five-5", "Five  5", False, "Resets at 17:00"),
        ("größer-für-alles", "Größer – für alles", True, ""),
    ]
    assert SeenModels.from_json(seen.to_json()) == seen
    assert [(one.id, one.source, one.available) for one in offered_models(site, seen)] == [
        ("six", "both", True),
        ("six:high", "both", True),
        ("five-5", "both", False),
        ("odd:name", "definition", None),
        ("größer-für-alles", "site", True),
    ]
    again = seen_models(site, [("New", "New", True, "")], 9.0)
    assert [one.id for one in seen.joined(again).models] == ["six", "five-5", "größer-für-alles", "new"]
    assert slug("Größer – für alles") == "größer-für-alles"
    assert model_pattern(site, "six") == "GPT.6.*"
    assert "Größer" in model_pattern(site, "größer-für-alles", seen)
    by_id = provider(
        controls={"model": {**CHOICE, "item_attribute": "id", "item_pattern": "row-models/(.+)"}}, models=[]
    ).site
    (only,) = seen_models(by_id, [("row-models/gemini-3.7-flash", "Flash", True, "")], 1.0).models
    assert (only.id, only.label) == ("gemini-3.7-flash", "gemini-3.7-flash")


@pytest.mark.parametrize(
    "value", [None, [], {}, {"seen_at": "x", "models": []}, {"seen_at": 1, "models": {}}]
)
def test_a_memory_that_was_tampered_with_is_no_memory(value: Any) -> None:
    assert SeenModels.from_json(value) is None


def test_an_item_is_wished_by_its_words() -> None:
    for item in ("GPT-5.6 Thinking", "gpt 5 6 thinking", "  GPT-5.6-Thinking *"):
        assert re.fullmatch(wished_pattern("gpt-5-6-thinking"), item, re.IGNORECASE)
    assert not re.fullmatch(wished_pattern("gpt-5-6"), "GPT-5.6 Thinking", re.IGNORECASE)
    assert wished_pattern("High", {"high": "Hoch.*"}) == "Hoch.*"
    assert re.fullmatch(wished_pattern("(.*"), "(.*")


@pytest.mark.parametrize(
    "changes",
    [
        {"models": [{"id": "x", "menu": "("}]},
        {"models": [{"id": "x", "wire": "*"}]},
        {"controls": {"effort": {**CHOICE, "values": {"low": "["}}}},
        {"controls": {"effort": {**CHOICE, "item_pattern": "("}}},
        {"controls": {"effort": {**CHOICE, "kind": "dial"}}},
    ],
)
def test_a_wrong_pattern_or_kind_in_a_definition_is_named(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"test: .* @ (models|controls)"):
        provider(**changes)


# --- chats -----------------------------------------------------------------------------------------


def test_a_new_chat_is_asked_for_by_its_address() -> None:
    assert plan().url == "https://site.test/"
    assert plan(model="six").url == "https://site.test/?model=six"
    # Its item in the menu is known, so the menu has to show it as well.
    assert plan(model="six").controls == {"model": "six"}
    assert plan(model="any-other").controls == {}
    temporary = plan(model="a b", chat=ChatChoice(temporary=True))
    assert (temporary.url, temporary.temporary) == ("https://site.test/?temporary=true&model=a%20b", True)
    assert plan(temporary=True).url == "https://site.test/?temporary=true"
    assert plan(temporary=True, chat=ChatChoice(temporary=False)).url == "https://site.test/"
    assert plan(temporary=True, site=bare()).temporary is False


def test_a_model_that_only_the_menu_has_is_chosen_there() -> None:
    site = provider().site
    seen = seen_models(site, [("Brand New", "Brand New", True, "")], 1.0)
    chosen = plan(model="brand-new", seen=seen)
    assert (chosen.url, chosen.controls) == ("https://site.test/", {"model": "brand-new"})
    assert list(chosen.differences(Submission(prompt="x", model="bn-2026"))) == []


def test_an_old_chat_is_told_only_what_is_new() -> None:
    chat = ChatChoice(conversation_id="c 1")
    old = plan(
        ("system", "Be brief."),
        ("user", "One"),
        ("assistant", "1"),
        ("user", "Two"),
        chat=chat,
        model="six",
    )
    assert old.url == "https://site.test/c/c%201"
    assert render_prompt(old.messages) == "Two"
    assert old.controls == {"system": "Be brief.", "model": "six"}
    first = plan(
        ("system", "Be brief."), ("user", "One"), chat=chat, site=bare(conversation="https://x/{id}")
    )
    assert "# Instructions\n\nBe brief." in render_prompt(first.messages)

    with pytest.raises(InvalidRequest, match="nothing new"):
        plan(("user", "One"), ("assistant", "1"), chat=chat)
    with pytest.raises(InvalidRequest):
        plan(chat=ChatChoice(conversation_id="c", temporary=True))
    with pytest.raises(UnsupportedValue, match="no addresses for its chats"):
        plan(chat=chat, site=bare())
    with pytest.raises(UnsupportedValue, match="no way to choose a model in this chat"):
        plan(chat=chat, model="six", site=bare(conversation="https://x/{id}"))
    with pytest.raises(UnsupportedValue, match="no temporary chats"):
        plan(chat=ChatChoice(temporary=True), site=bare())


# --- words and wishes ------------------------------------------------------------------------------


def test_a_chat_that_is_held_is_gone_on_with_in_the_model_that_it_was_begun_with() -> None:
    story = (("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello."), ("user", "And now?"))

    def held(model: str | None, *, temporary: bool = False) -> Claim:
        chat = HeldChat(
            id="chat_1",
            desk="site",
            conversation_id="c1",
            url="https://site.test/c/c1",
            model=model,
            temporary=temporary,
        )
        units = read_units([message(*one) for one in story])
        return Claim(chat=chat, kind=MatchKind.CLEAN, units=units, known=3)

    for model in (None, "six", "gpt-7"):
        planned = plan(*story, model=model, claim=held(model))
        assert (planned.url, planned.conversation_id) == ("https://site.test/c/c1", "c1")
        assert [one.text for one in planned.messages] == ["And now?"]
        # By its address a chat says nothing of its model; what is in the menu can be chosen again.
        assert planned.controls.get("model") == ("six" if model == "six" else None)
        assert planned.controls["system"] == "Be brief."
    assert plan(*story, model="gpt-7", claim=held(None)).controls["model"] == "gpt-7"
    by_address = bare(new_chat_with_model="https://site.test/?model={model}")
    assert plan(*story, site=by_address, model="gpt-7", claim=held("gpt-7")).controls == {}
    with pytest.raises(UnsupportedValue):
        plan(*story, site=by_address, model="gpt-7", claim=held(None))


def test_system_text_goes_to_the_field_where_there_is_one() -> None:
    words = (("system", "Be brief."), ("system", "Be kind."), ("user", "Hi"))
    with_field = plan(*words)
    assert with_field.controls == {"system": "Be brief.\n\nBe kind."}
    assert render_prompt(with_field.messages) == "Hi"
    without = plan(*words, site=bare())
    assert without.controls == {}
    assert render_prompt(without.messages).startswith("# Instructions\n\nBe brief.")
    picture = FilePart(name="a.png", media_type="image/png", data=b"x")
    pictured = Message(role=Role.SYSTEM, parts=(TextPart("Look."), picture))
    request = ChatRequest(id=RequestId("r"), model="site", messages=(pictured, message("user", "Hi")))
    kept = plan_turn(request, Route(site="site", model=None, by_default=False), provider())
    assert kept.controls == {"system": "Look."}
    assert [part for one in kept.messages for part in one.files] == [picture]
    # A whole question in a system message is the question.
    assert render_prompt(plan(("system", "2+2?")).messages) == "2+2?"
    with pytest.raises(InvalidText) as bad:
        plan(("system", "a\0b"), ("user", "Hi"))
    assert bad.value.param == "messages[0].content"


def test_wishes_go_to_the_controls_that_there_are_and_the_label_wins() -> None:
    wishes = Wishes(effort="high", temperature=0.0, max_output_tokens=5, stop=("x",))
    assert plan(wishes=wishes, effort="low").controls == {
        "effort": "low",
        "temperature": 0.0,
        "max_output_tokens": 5,
        "stop": ("x",),
    }
    assert plan(wishes=wishes, site=bare()).controls == {}
    assert plan(wishes=wishes).optional == frozenset({"effort"})
    assert plan(effort="low").optional == frozenset()
    with pytest.raises(UnsupportedValue, match="no control for the effort"):
        plan(effort="low", site=bare())


def test_stop_sequences_that_a_page_would_get_wrong_are_left_to_the_relay() -> None:
    wishes = Wishes(stop=("END", "\n\n", " x", "a\nb"))
    assert plan(wishes=wishes).controls == {"stop": ("END",)}
    # A page stops within calls as well.
    assert plan(wishes=wishes, tools=(Tool(name="t"),)).controls == {}


def test_a_schema_that_is_none_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(InvalidRequest, match="JSON Schema"):
        plan(output=OutputFormat(schema={"type": "objekt"}))


@pytest.mark.parametrize(
    ("submission", "codes"),
    [
        ({}, []),
        ({"model": "gpt-6-astra"}, []),
        ({"model": "gpt-60"}, ["model_differs"]),
        ({"temporary": False}, ["wish_differs"]),
        ({"temporary": True}, []),
        ({"wishes": {"effort": "minimal"}}, []),  # one item of the site's
        ({"wishes": {"effort": "high"}}, ["wish_differs"]),
        ({"wishes": {"system": "Be  brief."}}, []),
        ({"wishes": {"system": "Be long."}}, ["wish_differs"]),
        ({"wishes": {"temperature": 0.5000000001, "max_output_tokens": 5, "stop": ("x",)}}, []),
        ({"wishes": {"temperature": 1, "stop": ()}}, ["wish_differs", "wish_differs"]),
        ({"wishes": {"max_output_tokens": 4}}, []),
        ({"wishes": {"max_output_tokens": 6}}, ["wish_differs"]),
    ],
)
def test_what_left_is_compared_with_what_was_asked_for(submission: dict[str, Any], codes: list[str]) -> None:
    asked = plan(
        ("system", "Be brief."),
        ("user", "Hi"),
        model="six",
        chat=ChatChoice(temporary=True),
        wishes=Wishes(effort="low", temperature=0.5, max_output_tokens=5, stop=("x",)),
    )
    found = list(asked.differences(Submission(prompt="Hi", **submission)))
    assert [one.code for one in found if isinstance(one, Notice)] == codes
    assert [one.kind for one in found if isinstance(one, Drift)] == ["control"] * len(codes)
    assert "Be" not in "".join(one.message for one in found if isinstance(one, Notice))
