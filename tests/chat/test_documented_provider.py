"""The fifth site of docs/new-provider.md: whole turns with nothing but a user's two files."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_relay.chat import TextDelta
from cdp_relay.errors import RateLimited, SiteOverloaded
from tests.chat.conftest import Heard, ask, one_site_relay, question
from tests.providers.documented import write_documented_provider
from tests.sites.deepseek import DeepSeekSite
from tests.sites.kit import ChromiumProcess
from tests.sites.kit.answers import Answer

pytestmark = pytest.mark.browser

PROMPT = "Explain:\n\n\tx = 1  # 😀\n\n\nand `y`."


async def test_it_is_a_site_like_any_other(
    deepseek_site: DeepSeekSite, chromium: ChromiumProcess, browser_context: str, tmp_path: Path
) -> None:
    write_documented_provider(tmp_path / "providers")
    async with one_site_relay("deepseek", chromium, browser_context, tmp_path) as relay:
        deepseek_site.say(
            Answer(text="```py\nx\t= 1\n```\nDone 😀.", thinking=("Hm.",), unknown=True, title="T")
        )
        heard = await ask(relay, question(PROMPT, model="deepseek"))
        assert heard.text == "```py\nx\t= 1\n```\nDone 😀."
        assert heard.reasoning.strip() == "Hm."
        assert heard.finished.capture in ("stream", "body")
        assert [drift.kind for drift in heard.drifts] == ["event"]
        assert deepseek_site.prompts == [PROMPT]

        stopped = Heard()
        deepseek_site.say(Answer(text="one two three four", hold={"middle"}))
        events = relay.ask(question("Count", model="deepseek"))
        async for event in events:
            stopped.events.append(event)
            if isinstance(event, TextDelta):
                break
        await events.aclose()
        await deepseek_site.journal.wait("stop", where=lambda stop: bool(stop["stopped"]))

        deepseek_site.state("body_only")
        assert (await ask(relay, question("All at once", model="deepseek"))).text == Answer().text
        deepseek_site.state("page_only")
        seen = await ask(relay, question("On the page", model="deepseek"))
        assert (seen.text, seen.finished.capture) == (Answer().text, "page")
        for state, expected in (("overloaded", SiteOverloaded), ("too_many_requests", RateLimited)):
            deepseek_site.state(state)
            with pytest.raises(expected):
                await ask(relay, question("Refused", model="deepseek"))
