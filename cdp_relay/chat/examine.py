"""Look at a site with its definition in hand: which selectors fit, which do not, what could replace them.

Nothing is sent unless it is asked for: a word is typed into the composer, because many pages show their
send control only then, and taken away again. With ``ask`` one short question goes through, so that the stop
control, the rendered answer and the stream are looked at as well.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Literal

import attrs

from cdp_relay.chat.contract import SiteDefinition
from cdp_relay.chat.drift import DriftSeen
from cdp_relay.chat.interruptions import state_error
from cdp_relay.chat.loan import run_on_tab
from cdp_relay.chat.opening import SiteTab
from cdp_relay.chat.turn import Turn
from cdp_relay.chat.vocabulary import (
    ChatRequest,
    Message,
    RequestId,
    Role,
    Step,
    TextDelta,
    TextPart,
)
from cdp_relay.errors import RelayError, SelectorDrift
from cdp_relay.page import (
    Alternative,
    Candidate,
    Tab,
    click_control,
    examine_selectors,
    find_control,
    find_state,
    read_stamps,
    suggest_controls,
)

__all__ = [
    "Finding",
    "SiteReport",
    "Verdict",
    "examine_answer",
    "examine_page",
    "merge_reports",
    "probe_request",
]

_APPEAR_SECONDS = 3.0
"""How long a control may take to come after what brings it."""

_PROBE_TEXT = "Hello"

Verdict = Literal["ok", "fallback", "several", "missing", "unchecked"]
"""``fallback``: not the first alternative; ``several``: more than one usable match where one is meant."""


@attrs.frozen(kw_only=True)
class Finding:
    """How one key of the definition fares."""

    key: str
    """Its place in the TOML file, such as ``selectors.send``."""
    verdict: Verdict
    rank: int | None = None
    """The alternative that matched, from 0."""
    alternatives: tuple[Alternative, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    note: str = ""


@attrs.frozen(kw_only=True)
class SiteReport:
    """What one look at a site found."""

    site: str
    title: str
    url: str
    at: float
    """Unix seconds."""
    state: str | None = None
    """The code of the state that the page shows, such as ``signed_out``."""
    message: str = ""
    """What stands in the way, for a person; empty when nothing does."""
    findings: tuple[Finding, ...] = ()
    stamps: Mapping[str, str | None] = attrs.field(factory=dict)
    drifts: tuple[DriftSeen, ...] = ()
    """What the turns since the start met that the definition or the decoder does not know."""
    answered: bool | None = None
    """Whether the question was answered; None when none was asked."""

    @property
    def ok(self) -> bool:
        """Whether the definition fits the page, as far as it was looked at."""
        missing = any(finding.verdict == "missing" for finding in self.findings)
        return not missing and self.state is None and self.answered is not False


@attrs.frozen(kw_only=True)
class _Wanted:
    key: str
    selectors: tuple[str, ...]
    one: bool = True
    """Whether several usable matches are one too many."""
    hidden: bool = False
    """Whether it need not be visible (file inputs)."""
    required: bool = True


def probe_request(site: str) -> ChatRequest:
    """The question that ``ask`` puts: short to answer, and long enough to be seen being answered."""
    words = Message(role=Role.USER, parts=(TextPart("Count from one to twenty in words, and say no more."),))
    return ChatRequest(id=RequestId(f"examine-{site}-answer"), model=site, messages=(words,))


def merge_reports(before: SiteReport, after: SiteReport) -> SiteReport:
    """One report of the page without and with an answer."""
    seen = {finding.key: finding for finding in (*before.findings, *after.findings)}
    return attrs.evolve(after, findings=tuple(seen.values()), stamps=before.stamps)


async def examine_page(site_tab: SiteTab, *, ready_seconds: float) -> SiteReport:
    """Look at the new chat that the tab stands at; nothing is sent.

    Raises:
      BrowserError: the tab was lost.
    """
    tab, provider = site_tab.tab, site_tab.provider
    site = provider.site
    findings = []
    composer = await _await_control(tab, site.selectors.composer, ready_seconds)
    rule = await find_state(tab, site.states)
    error = state_error(provider, rule) if rule is not None else None
    findings += [await _judge(tab, site, wanted) for wanted in _on_an_empty_page(site)]
    findings.append(await _judge_send(site_tab, typable=composer and error is None))
    findings += [_unchecked(key, "only there with an answer (--ask)") for key in _with_an_answer(site)]
    return SiteReport(
        site=site.name,
        title=site.title,
        url=tab.url,
        at=time.time(),
        state=error.code if error is not None else None,
        message=error.message if error is not None else "",
        findings=tuple(findings),
        stamps=await read_stamps(tab, site.stamps) if site.stamps else {},
    )


async def examine_answer(turn: Turn, site_tab: SiteTab) -> SiteReport:
    """Run a turn on the tab, and look at the page while it answers and once it has."""
    tab, site = site_tab.tab, site_tab.provider.site
    findings: dict[str, Finding] = {}
    failure: RelayError | None = None
    async with run_on_tab(turn, site_tab):
        try:
            async for event in turn.delivery:
                if isinstance(event, TextDelta) and "selectors.stop" not in findings:
                    await _look(tab, site, _while_answering(site), findings)
        except RelayError as error:
            failure = error
    if turn.timeline.reached(Step.FINISHED):
        await _await_control(tab, site.answer.done, _APPEAR_SECONDS)
        await _look(tab, site, _after_an_answer(site), findings)
    for key in _with_an_answer(site):
        findings.setdefault(key, _unchecked(key, "the answer was over before it could be looked at"))
    return SiteReport(
        site=site.name,
        title=site.title,
        url=tab.url,
        at=time.time(),
        state=failure.code if failure is not None else None,
        message=failure.message if failure is not None else "",
        findings=tuple(findings.values()),
        answered=turn.timeline.reached(Step.FINISHED),
    )


# --- which keys, and when --------------------------------------------------------------------------


def _on_an_empty_page(site: SiteDefinition) -> list[_Wanted]:
    wanted = [_Wanted(key="selectors.composer", selectors=site.selectors.composer)]
    if site.selectors.signed_in:
        wanted.append(_Wanted(key="selectors.signed_in", selectors=site.selectors.signed_in, one=False))
    files = site.attachments
    if files.ways and files.ways[0] == "input":
        wanted.append(_Wanted(key="attachments.input", selectors=files.input, one=False, hidden=True))
    elif files.ways and files.ways[0] == "chooser" and files.open:
        wanted.append(_Wanted(key="attachments.open[0]", selectors=files.open[0]))
    elif files.ways:
        wanted.append(_Wanted(key="attachments.drop", selectors=files.drop))
    for name, rule in site.controls.items():
        # What a panel or a menu holds is only there once that is open.
        if rule.open:
            wanted.append(_Wanted(key=f"controls.{name}.open[0]", selectors=rule.open[0], required=False))
        else:
            wanted.append(_Wanted(key=f"controls.{name}.control", selectors=rule.control, required=False))
    return wanted


def _while_answering(site: SiteDefinition) -> list[_Wanted]:
    return [_Wanted(key="selectors.stop", selectors=site.selectors.stop)]


def _after_an_answer(site: SiteDefinition) -> list[_Wanted]:
    answer = site.answer
    keys = {"answer.turn": answer.turn, "answer.content": answer.content, "answer.done": answer.done}
    return [_Wanted(key=key, selectors=value, one=False) for key, value in keys.items() if value]


def _with_an_answer(site: SiteDefinition) -> list[str]:
    return [wanted.key for wanted in (*_while_answering(site), *_after_an_answer(site))]


# --- looking -----------------------------------------------------------------------------------------


async def _look(
    tab: Tab, site: SiteDefinition, wanted: Sequence[_Wanted], findings: dict[str, Finding]
) -> None:
    for one in wanted:
        findings[one.key] = await _judge(tab, site, one)


async def _judge(tab: Tab, site: SiteDefinition, wanted: _Wanted) -> Finding:
    report = await examine_selectors(tab, {wanted.key: wanted.selectors})
    alternatives = report[wanted.key]
    usable = [one.matches if wanted.hidden else one.usable for one in alternatives]
    rank = next((rank for rank, count in enumerate(usable) if count), None)
    broken = [one.selector for one in alternatives if not one.valid]
    note = f"not valid CSS: {', '.join(broken)}" if broken else ""
    if rank is None:
        if not wanted.required:
            return Finding(
                key=wanted.key,
                verdict="unchecked",
                alternatives=alternatives,
                note=note or "not on this page",
            )
        purpose = wanted.key.partition(".")[2]
        candidates = await suggest_controls(tab, purpose, site.selectors.composer)
        return Finding(
            key=wanted.key, verdict="missing", alternatives=alternatives, candidates=candidates, note=note
        )
    verdict: Verdict = "ok" if rank == 0 else "fallback"
    if wanted.one and usable[rank] > 1:
        verdict = "several"
    return Finding(key=wanted.key, verdict=verdict, rank=rank, alternatives=alternatives, note=note)


def _unchecked(key: str, why: str) -> Finding:
    return Finding(key=key, verdict="unchecked", note=why)


async def _judge_send(site_tab: SiteTab, *, typable: bool) -> Finding:
    """Type a word, look for the control that sends it, and take the word away again."""
    tab, site = site_tab.tab, site_tab.provider.site
    key, selectors = "selectors.send", site.selectors.send
    if not typable:
        return _unchecked(key, "no word could be typed to make it show")
    # From here on there may be a word in the composer, and the tab is good for nothing else.
    site_tab.doubtful = True
    try:
        await click_control(tab, site.selectors.composer, timeout=_APPEAR_SECONDS)
    except SelectorDrift as error:
        return _unchecked(key, error.message)
    await tab.keyboard.press("ControlOrMeta+A", commands=["selectAll"])
    await tab.keyboard.insert_text(_PROBE_TEXT)
    await _await_control(tab, selectors, _APPEAR_SECONDS)
    finding = await _judge(tab, site, _Wanted(key=key, selectors=selectors))
    await tab.keyboard.press("ControlOrMeta+A", commands=["selectAll"])
    await tab.keyboard.press("Delete")
    return finding


async def _await_control(tab: Tab, selectors: Sequence[str], seconds: float) -> bool:
    if not selectors:
        return False
    try:
        await find_control(tab, selectors, timeout=seconds)
    except SelectorDrift:
        return False
    return True
