"""Labels, profiles and chains: where they lead, and which settings are refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.chat.chains import Refusals, leads_on
from cdp_relay.chat.offering import Offering, load_offering
from cdp_relay.chat.offers import ModelSeen, SeenModels
from cdp_relay.chat.profiles import profile_chrome
from cdp_relay.errors import (
    AnswerIncomplete,
    BrowserGone,
    CapReached,
    InternalError,
    InvalidRequest,
    ModelNotFound,
    ModelUnavailable,
    ProfileRefused,
    PromptTooLong,
    QueueFull,
    SettingsError,
    ShuttingDown,
    SignedOut,
)
from cdp_relay.settings import (
    ChainSettings,
    ChatSettings,
    ChromeSettings,
    Home,
    ProfileSettings,
    Settings,
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(config=tmp_path, state=tmp_path)


def settings(
    profiles: Mapping[str, ProfileSettings] | None = None,
    chains: Mapping[str, tuple[str, ...]] | None = None,
    **chat: Any,
) -> Settings:
    return Settings(
        chat=ChatSettings(sites=("chatgpt", "claude", "practice"), **chat),
        profiles=profiles or {},
        chains={name: ChainSettings(models=models) for name, models in (chains or {}).items()},
    )


WORK = {"work": ProfileSettings(), "home.2": ProfileSettings(sites=("claude",))}


def offered(home: Home, **more: Any) -> Offering:
    return load_offering(home, settings(**more))


def leads(offering: Offering, label: str) -> list[tuple[str, str | None, str | None, bool]]:
    routes = offering.routing.routes(label)
    return [(route.desk, route.model, route.effort, route.by_default) for route in routes]


# --- labels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "led"),
    [
        ("chatgpt", ("chatgpt", None, None, False)),
        ("chatgpt@default", ("chatgpt", None, None, False)),
        ("chatgpt@work", ("chatgpt@work", None, None, False)),
        ("chatgpt@work:high", ("chatgpt@work", None, "high", False)),
        ("practice@work/echo", ("practice@work", "echo", None, False)),
        ("practice@work/echo:low", ("practice@work", "echo", "low", False)),
        ("claude@home.2", ("claude@home.2", None, None, False)),
        ("practice@work/no-such", ("practice@work", None, None, True)),
        ("anything@work", ("practice", None, None, True)),
        ("", ("practice", None, None, True)),
    ],
)
def test_a_label_may_name_a_profile(home: Home, label: str, led: tuple[Any, ...]) -> None:
    assert leads(offered(home, profiles=WORK), label) == [led]


@pytest.mark.parametrize("label", ["chatgpt@wrok", "chatgpt@home.2/gpt-5", "chatgpt@", "chatgpt@work@work"])
def test_a_profile_that_there_is_not_is_an_error_and_not_the_default_site(home: Home, label: str) -> None:
    with pytest.raises(ModelNotFound, match=r"chatgpt, chatgpt@work\."):
        offered(home, profiles=WORK).routing.routes(label)


def test_what_one_profile_s_menu_had_is_no_model_of_another(home: Home) -> None:
    offering = offered(home, profiles=WORK)
    seen = ModelSeen(id="nova-9", label="Nova 9")
    offering.memory.menus["practice@work"] = SeenModels(seen_at=1.0, models=(seen,))
    assert leads(offering, "practice@work/nova-9") == [("practice@work", "nova-9", None, False)]
    assert leads(offering, "practice/nova-9") == [("practice", None, None, True)]
    assert "practice@work/nova-9" in [model.id for model in offering.models()]


def test_models_are_listed_by_profile_and_chains_last(home: Home) -> None:
    models = list(offered(home, profiles=WORK, chains={"best": ("chatgpt@work", "claude")}).models())
    ids = [model.id for model in models]
    assert [name for name in ids if "/" not in name] == [
        "chatgpt",
        "claude",
        "practice",
        "chatgpt@work",
        "claude@work",
        "practice@work",
        "claude@home.2",
        "best",
    ]
    assert "practice@work/echo" in ids
    best = models[-1]
    assert (best.site, best.title) == ("chain", "chatgpt@work, then claude")


def test_a_profile_s_settings_stand_over_those_of_chrome(home: Home) -> None:
    del home
    chrome = ChromeSettings(executable="/opt/a", headless=True, args=("--a",), start_seconds=5)
    own = ProfileSettings(headless=False, args=())
    both = Settings(chrome=chrome, profiles={"work": own, "plain": ProfileSettings(profile="x")})
    assert profile_chrome(both, "default") is chrome
    assert profile_chrome(both, "work") == attrs.evolve(chrome, profile="work", headless=False, args=())
    assert profile_chrome(both, "plain") == attrs.evolve(chrome, profile="x")
    with pytest.raises(SettingsError, match="there are default, work, plain"):
        profile_chrome(both, "nope")


@pytest.mark.parametrize(
    "profiles",
    [
        {"a/b": ProfileSettings()},
        {"..": ProfileSettings()},
        {"": ProfileSettings()},
        {"a b": ProfileSettings()},
        {"a@b": ProfileSettings()},
        {"ends.": ProfileSettings()},
        {"con": ProfileSettings()},
        {"x" * 65: ProfileSettings()},
        {"default": ProfileSettings()},
        {"Default": ProfileSettings()},
        {"work": ProfileSettings(), "WORK": ProfileSettings()},
        {"work": ProfileSettings(profile="default")},
        {"work": ProfileSettings(), "other": ProfileSettings(profile="work")},
        {"work": ProfileSettings(profile="/srv/relay"), "other": ProfileSettings(profile="/srv/relay/work")},
        {"work": ProfileSettings(profile="/srv/relay/"), "other": ProfileSettings(profile="/srv/./relay")},
        {
            "a": ProfileSettings(attach="http://127.0.0.1:9222"),
            "b": ProfileSettings(attach="http://localhost:9222"),
        },
        {"work": ProfileSettings(sites=("nowhere",))},
        {"work": ProfileSettings(sites=("gemini",))},
    ],
)
def test_profiles_that_could_be_one_are_refused(home: Home, profiles: dict[str, ProfileSettings]) -> None:
    with pytest.raises(SettingsError, match=r"\[profiles\."):
        offered(home, profiles=profiles)


def test_an_everyday_profile_is_refused(home: Home) -> None:
    everyday = Path.home() / ".config" / "google-chrome"
    with pytest.raises(ProfileRefused):
        offered(home, profiles={"work": ProfileSettings(profile=str(everyday))})


# --- chains ----------------------------------------------------------------------------------------


def test_a_chain_leads_to_its_places_in_their_order(home: Home) -> None:
    chains = {"best": ("chatgpt/gpt-5:high", "claude@work", "practice")}
    offering = offered(home, profiles=WORK, chains=chains)
    assert leads(offering, "best") == [
        ("chatgpt", "gpt-5", "high", False),
        ("claude@work", None, None, False),
        ("practice", None, None, False),
    ]
    assert [effort for _, _, effort, _ in leads(offering, "best:low")] == ["high", "low", "low"]
    routes = offering.routing.routes("best")
    assert {route.chain for route in routes} == {"best"}
    every = [offering.routing.routes(label)[0].honours for label in ("chatgpt", "claude", "practice")]
    assert routes[0].honours == frozenset.intersection(*every)


def test_a_model_in_a_chain_is_meant_and_not_the_site_s_own_choice(home: Home) -> None:
    offering = offered(home, chains={"best": ("chatgpt/gpt-77", "claude")})
    assert leads(offering, "best")[0] == ("chatgpt", "gpt-77", None, False)


@pytest.mark.parametrize(
    ("default", "led"), [("best", "claude"), ("claude@work", "claude@work"), ("practice", "practice")]
)
def test_the_default_site_may_be_a_profile_s_or_a_chain(home: Home, default: str, led: str) -> None:
    offering = offered(home, profiles=WORK, chains={"best": ("claude", "chatgpt")}, default_site=default)
    assert leads(offering, "gpt-4o")[0] == (led, None, None, True)
    assert offering.routing.default_label() == default


def test_the_default_is_a_site_of_the_first_profile_where_somebody_is_signed_in(home: Home) -> None:
    offering = offered(home, profiles=WORK)
    offering.memory.health("claude@work").signed_in = True
    assert offering.routing.default_label() == "practice"
    offering.memory.health("claude").signed_in = True
    assert offering.routing.default_label() == "claude"


@pytest.mark.parametrize(
    ("chains", "said"),
    [
        ({"best": ()}, "names no label"),
        ({"chatgpt": ("claude",)}, "site of that name"),
        ({"a/b": ("claude",)}, "a chain's name"),
        ({"a:b": ("claude",)}, "a chain's name"),
        ({"a@b": ("claude",)}, "a chain's name"),
        ({"best": ("other",), "other": ("claude",)}, "is a chain itself"),
        ({"best": ("claude", "claude")}, "twice"),
        ({"best": ("claude", "gpt-5")}, "names no site that is offered"),
        ({"best": ("claude", "gemini")}, "names no site that is offered"),
        ({"best": ("claude", "claude@nowhere")}, "names no site that is offered"),
        ({"best": ("chatgpt", "claude", "chatgpt@work")}, "one site in two profiles"),
        ({"best": ("chatgpt@work/gpt-5", "chatgpt/gpt-5")}, "one site in two profiles"),
    ],
)
def test_chains_that_lead_nowhere_or_around_a_limit_are_refused(
    home: Home, chains: dict[str, tuple[str, ...]], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        offered(home, profiles=WORK, chains=chains)


@pytest.mark.parametrize("default", ["nowhere", "chatgpt@nowhere", "chatgpt@home.2", "bset"])
def test_a_default_site_that_there_is_not_is_refused(home: Home, default: str) -> None:
    with pytest.raises(SettingsError, match=r"chat\.default_site"):
        offered(home, profiles=WORK, chains={"best": ("claude",)}, default_site=default)


def test_a_chain_goes_on_where_one_place_cannot_take_work_and_never_past_the_request_s_own_faults() -> None:
    passable = [CapReached, SignedOut, QueueFull, BrowserGone, ModelUnavailable, ProfileRefused]
    assert all(leads_on(kind("x")) for kind in passable)
    final = [InvalidRequest, PromptTooLong, ShuttingDown, InternalError, AnswerIncomplete]
    assert not any(leads_on(kind("x")) for kind in final)


def test_when_none_can_the_last_error_has_the_reasons_of_all_and_the_soonest_return() -> None:
    refusals = Refusals("best")
    first = SignedOut("Nobody is signed in.")
    refusals.add("chatgpt", first)
    assert refusals.conclusion() is first
    refusals.add("claude", CapReached("The cap is reached.", retry_after_seconds=500, details={"model": "x"}))
    last = QueueFull("Too many wait.", retry_after_seconds=20)
    refusals.add("gemini", last)
    error = refusals.conclusion()
    assert isinstance(error, QueueFull)
    assert error.retry_after_seconds == 20
    assert str(error) == error.message
    for part in (
        "'best'",
        "chatgpt: Nobody is signed in.",
        "claude: The cap is reached.",
        "gemini: Too many",
    ):
        assert part in error.message
    assert [one["code"] for one in error.details["tried"]] == [
        "signed_out",
        "usage_cap_reached",
        "queue_full",
    ]
    assert (last.message, last.details) == ("Too many wait.", {})
