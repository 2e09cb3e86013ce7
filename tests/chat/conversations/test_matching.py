"""Requests find the chat that holds their conversation, and no other: a story of many clients and chats.

The model knows each thing that was said by a token. What clients may do to their history keeps the token,
what changes the meaning gives it a new one; which chat fits is then a comparison of lists of numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import attrs
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from cdp_relay.chat.conversations import Claim, Contents, Conversations, HeldChat, MatchKind, read_units
from cdp_relay.chat.vocabulary import Role
from tests.chat.chat_rows import Rows
from tests.chat.conversations.kit import (
    REAL_EDITS,
    SMALL_EDITS,
    Said,
    answer,
    answer_key,
    flat,
    is_met,
    result,
    system,
    user,
)

Edit = tuple[int, Callable[[Said], Said]]
"""Done to what stands at a place."""
REAL = st.none() | st.none() | st.tuples(st.integers(0, 12), st.sampled_from(REAL_EDITS))
CUT = st.sampled_from((0, 0, 0, 0, 1, 2))
SMALL = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(SMALL_EDITS)), max_size=4)


@attrs.define
class Known:
    """What the model knows of a chat."""

    said: list[Said]
    """All that it holds; a result as the chat was given it."""
    before: int
    busy: bool = False


@attrs.frozen
class Pending:
    """A turn on its way."""

    claim: Claim | None
    conversation: tuple[Said, ...]


class Chats(RuleBasedStateMachine):
    """Clients ask, change their histories, go back in them, and ask again."""

    histories = Bundle("histories")
    turns = Bundle("turns")

    @initialize(target=histories, with_system=st.booleans(), calls=st.lists(st.integers(0, 2), max_size=3))
    def start(self, with_system: bool, calls: list[int]) -> MultipleResults[tuple[Said, ...]]:
        self.journal = Rows()
        self.seconds, self.tokens = itertools.count(1), itertools.count(1)
        self.held = Conversations(self.journal, clock=lambda: float(next(self.seconds)))
        self.known: dict[str, Known] = {}
        history = self.begin(with_system)
        histories = [history]
        for count in calls:
            history = self.answered(self.asked(history, [], None, 0), count)
            histories.append(history)
        return multiple(*histories)

    def begin(self, with_system: bool) -> tuple[Said, ...]:
        first = (system(next(self.tokens)),) if with_system else ()
        return (*first, user(next(self.tokens)))

    @rule(target=turns, history=histories, small=SMALL, real=REAL, cut=CUT)
    def ask(self, history: tuple[Said, ...], small: list[Edit], real: Edit | None, cut: int) -> Pending:
        return self.asked(history, small, real, cut)

    def asked(self, history: tuple[Said, ...], small: list[Edit], real: Edit | None, cut: int) -> Pending:
        conversation = list(history[: len(history) - cut] or history)
        for place, edit in small:
            place %= len(conversation)
            conversation[place] = edit(conversation[place])
        if real is not None:
            place, edit = real
            place %= len(conversation)
            edited = edit(conversation[place])
            same = read_units(edited.messages) == read_units(conversation[place].messages)
            if not same and not edited.form:
                conversation[place] = attrs.evolve(edited, token=next(self.tokens))
        if conversation[-1].role is Role.ASSISTANT:
            calls = conversation[-1].messages[-1].tool_calls or conversation[-1].messages[0].tool_calls
            following = [result] * len(calls) if calls else [user]
            conversation += [make(next(self.tokens)) for make in following]
        expected = self.expected(conversation)
        claim = self.held.claim("site", flat(conversation))
        kind = "none"
        if claim is not None:
            shortened = any(said.form for said in conversation[: claim.known])
            kind = f"{claim.kind}, {'shortened' if shortened else 'whole'}"
        event(kind)
        if claim is None:
            assert expected == []
        else:
            assert (claim.kind, claim.known, claim.chat.id) in expected
            assert claim.new(flat(conversation)) == tuple(
                m for m in flat(conversation[claim.known :]) if m.role is Role.TOOL or not m.is_blank
            )
            self.known[claim.chat.id].busy = True
        return Pending(claim, tuple(conversation))

    def expected(self, conversation: Sequence[Said]) -> list[tuple[MatchKind, int, str]]:
        """The chats that would be right, of the best kind and length."""
        clean: list[tuple[MatchKind, int, str]] = []
        superseding: list[tuple[MatchKind, int, str]] = []
        for id_, chat in self.known.items():
            for kind, held, found in (
                (MatchKind.CLEAN, chat.said, clean),
                (MatchKind.SUPERSEDING, chat.said[: chat.before], superseding),
            ):
                answered = any(said.role is Role.ASSISTANT for said in held)
                same = len(held) < len(conversation) and all(
                    ours.token == theirs.token and is_met(ours.form, theirs.form)
                    for ours, theirs in zip(held, conversation, strict=False)
                )
                if same and answered and not chat.busy:
                    found.append((kind, len(held), id_))
        fitting = clean or superseding
        return [one for one in fitting if one[1] == max(length for _, length, _ in fitting)]

    @rule(target=histories, history=histories, small=SMALL, real=REAL, cut=CUT, calls=st.integers(0, 2))
    def ask_and_finish(
        self, history: tuple[Said, ...], small: list[Edit], real: Edit | None, cut: int, calls: int
    ) -> tuple[Said, ...]:
        return self.answered(self.asked(history, small, real, cut), calls)

    @rule(target=histories, turn=consumes(turns), calls=st.integers(0, 2))
    def finish(self, turn: Pending, calls: int) -> tuple[Said, ...]:
        return self.answered(turn, calls)

    def answered(self, turn: Pending, calls: int) -> tuple[Said, ...]:
        said = answer(next(self.tokens), calls=calls)
        self.tell(turn, said)
        return (*turn.conversation, said)

    @rule(target=histories, turn=consumes(turns))
    def break_off_without_a_word(self, turn: Pending) -> tuple[Said, ...]:
        if turn.claim is not None:
            self.tell(turn, None)
        return turn.conversation

    @rule(target=histories, turn=consumes(turns))
    def fail_before_anything_was_sent(self, turn: Pending) -> tuple[Said, ...]:
        if turn.claim is not None:
            self.held.release(turn.claim)
            self.known[turn.claim.chat.id].busy = False
        return turn.conversation

    def tell(self, turn: Pending, said: Said | None) -> None:
        """The prompt left: the chat holds it, and the answer if there is one."""
        units = read_units(flat(turn.conversation))
        key = None if said is None else answer_key(said)
        told = [*turn.conversation] + ([] if said is None else [said])
        claim = turn.claim
        if claim is None:
            grown = Contents().grown(units, 0, key)
            name = f"c{len(self.known)}-{told[-1].token}"
            chat = self.held.begin("site", grown, conversation_id=name, url="https://", model=None)
            self.known[chat.id] = Known(told, 0)
        else:
            chat = claim.chat
            grown = chat.contents.grown(units, claim.known, key)
            self.held.grown(claim, grown, chat.conversation_id, chat.url)
            self.known[chat.id] = Known(
                [*self.known[chat.id].said[: claim.known], *told[claim.known :]], claim.known
            )

    @rule(turn=consumes(turns))
    def lose(self, turn: Pending) -> None:
        if turn.claim is not None:
            self.held.forget(turn.claim.chat)
            del self.known[turn.claim.chat.id]

    @rule()
    def restart(self) -> None:
        """All that is held comes back from the journal as it was; turns on their way are done with first."""
        if not any(chat.busy for chat in self.known.values()):
            before = {chat.id: chat.contents for chat in self.held.chats}
            rows = {chat.id: chat for chat in map(HeldChat.of_row, self.journal.rows.values()) if chat}
            assert {id_: chat.contents for id_, chat in rows.items()} == before
            fresh = Conversations(self.journal, clock=self.held.clock)
            for chat in rows.values():
                fresh._add(chat)
            self.held = fresh

    @invariant()
    def the_same_chats_are_known(self) -> None:
        if hasattr(self, "known"):
            assert {chat.id: chat.busy for chat in self.held.chats} == {
                id_: chat.busy for id_, chat in self.known.items()
            }


Chats.TestCase.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)
TestChats = Chats.TestCase
