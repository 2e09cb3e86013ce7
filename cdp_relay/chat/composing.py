"""Put a request into the composer: what was left over goes, files come, then the text; all proven."""

from __future__ import annotations

import attrs

from cdp_relay.chat.attaching import Attachment, prompt_as_file
from cdp_relay.chat.contract import Provider, SiteDefinition, StateRule, StepLimits, Submission
from cdp_relay.chat.opening import SiteTab, step_limit
from cdp_relay.chat.vocabulary import Step
from cdp_relay.errors import AttachmentRefused, PromptTooLong
from cdp_relay.page import (
    AttachPlan,
    EditorPlan,
    Insertion,
    PromptFile,
    UploadFolder,
    attach_files,
    chip_count,
    insert_text,
    remove_chips,
    shown_addresses,
)

__all__ = ["Composed", "Composer", "check_length", "upload_refusals"]

_FILE_RUNG = "file"

_FILE_LINE = (
    "My whole request is in the attached file {name}: read all of it, and answer it as if it stood here. "
    "Do what it asks; do not describe or sum up the file."
)


def upload_refusals(site: SiteDefinition) -> tuple[StateRule, ...]:
    """The states by which the site's page says no to a file."""
    return tuple(rule for rule in site.states if rule.code == AttachmentRefused.code)


def check_length(prompt: str, site: SiteDefinition, files: tuple[Attachment, ...]) -> None:
    """Refuse a prompt that no composer of the site takes, neither as text nor as a file.

    Raises:
      PromptTooLong: it is longer than ``insertion.max_chars``.
    """
    longest = site.insertion.max_chars
    if longest is None or len(prompt) <= longest:
        return
    has_rung = any(_FILE_RUNG in rungs for rungs in site.insertion.ladder.values())
    if not has_rung or prompt_as_file(prompt, site, files) is None:
        raise PromptTooLong(
            f"The prompt has {len(prompt)} characters; {site.title} takes {longest}.", param="messages"
        )


@attrs.frozen(kw_only=True)
class Composed:
    """A composer that is ready to send."""

    insertion: Insertion
    text: str
    """What stands in the composer, and has to leave with the page's request."""
    attachments: int
    """How many files have to leave with it."""
    removed: int
    """How many attachments of an unsent message were taken away first."""
    shown: tuple[str, ...] = ()
    """The addresses of the files that earlier answers in the chat show."""

    def check_sent(self, submission: Submission, title: str) -> None:
        """Compare what left the page with what was attached; an answer without the files would be wrong.

        Raises:
          AttachmentRefused: fewer files left than were attached.
        """
        if submission.attachments is not None and submission.attachments < self.attachments:
            raise AttachmentRefused(
                f"{title} sent the prompt with {submission.attachments} of {self.attachments} files, so its "
                "answer was stopped.",
                details={"sent": submission.attachments, "attached": self.attachments},
            )


@attrs.frozen(kw_only=True)
class Composer:
    """Composes one request on one tab."""

    site_tab: SiteTab
    prompt: str
    files: tuple[Attachment, ...]
    folder: UploadFolder
    limits: StepLimits
    closing: str = ""
    """What is said beside the prompt where it goes as a file: what a model must not miss."""

    @property
    def provider(self) -> Provider:
        """The site that the tab works for."""
        return self.site_tab.provider

    async def compose(self) -> Composed:
        """Fill the composer.

        Raises:
          AttachmentRefused: the site does not take a file.
          InsertionFailed: the text could not be put in, or an old attachment not taken away.
          SiteTimeout: it took too long.
        """
        tab, site = self.site_tab.tab, self.provider.site
        as_file = self._prompt_file()
        seconds = self.limits.compose_seconds
        uploading = site.attachments.seconds
        with step_limit(self.provider, Step.COMPOSED, seconds, "compose_seconds"):
            removed = await remove_chips(tab, site.selectors.attachment, site.selectors.attachment_remove)
        if self.files:
            with step_limit(self.provider, Step.COMPOSED, seconds + uploading, "compose_seconds"):
                await self._attach(self.files)
        # The file rung uploads while it composes.
        seconds += uploading if as_file is not None else 0.0
        with step_limit(self.provider, Step.COMPOSED, seconds, "compose_seconds"):
            insertion = await insert_text(
                tab, site.selectors.composer, self.prompt, self._editor_plan(as_file), timeout=seconds
            )
            await self._check_still_attached()
        return Composed(
            insertion=insertion,
            text=insertion.text,
            attachments=len(self.files) + (1 if insertion.rung == _FILE_RUNG else 0),
            removed=removed,
            shown=await shown_addresses(tab, site.answer.files) if site.answer.files else (),
        )

    def _prompt_file(self) -> Attachment | None:
        if not any(_FILE_RUNG in rungs for rungs in self.provider.site.insertion.ladder.values()):
            return None
        return prompt_as_file(self.prompt, self.provider.site, self.files)

    def _editor_plan(self, as_file: Attachment | None) -> EditorPlan:
        site = self.provider.site
        file = None
        if as_file is not None:
            paper = as_file
            line = _FILE_LINE.format(name=paper.name)
            longer = f"{line}\n\n{self.closing}"
            if self.closing and len(longer) <= (site.insertion.max_chars or len(longer)):
                line = longer
            file = PromptFile(line=line, attach=lambda: self._attach((paper,)))
        return EditorPlan(
            ladder=site.insertion.ladder,
            piece_chars=site.insertion.piece_chars,
            limits=site.insertion.limits,
            failed=self.site_tab.failed_rungs,
            attachment=site.insertion.attachment,
            attachment_selectors=site.selectors.attachment,
            attachment_remove_selectors=site.selectors.attachment_remove,
            max_chars=site.insertion.max_chars,
            file=file,
        )

    async def _attach(self, files: tuple[Attachment, ...]) -> None:
        site = self.provider.site
        rule = site.attachments
        written = [await self.folder.write(file.name, file.media_type, file.data) for file in files]
        plan = AttachPlan(
            ways=rule.ways,
            input=rule.input,
            open=rule.open,
            drop=rule.drop,
            busy=rule.busy,
            seconds=rule.seconds,
            chips=site.selectors.attachment,
            refusals=upload_refusals(site),
        )
        await attach_files(self.site_tab.tab, written, plan)

    async def _check_still_attached(self) -> None:
        """A server may say no when the page has long shown its chip."""
        if not self.files:
            return
        title = self.provider.site.title
        count = await chip_count(self.site_tab.tab, self.provider.site.selectors.attachment)
        if count < len(self.files):
            names = [file.name for file in self.files]
            raise AttachmentRefused(
                f"{title} took away {len(names) - count} of {len(names)} files ({', '.join(names)}) again.",
                details={"files": names},
            )
