"""A tab's hands, eyes and ears: trusted input, verified insertion, live capture, probes.

tab (life, address, isolated world) → mouse, keyboard → probe (controls, states) → editor (text into
composers) ; capture (requests, bodies, sockets). Nothing here knows what a chat is.
"""

from cdp_relay.page.capture import (
    BodyData,
    BodyEnded,
    Capture,
    CaptureEvent,
    RequestSent,
    ResponseStarted,
    SocketMessage,
    watch_requests,
)
from cdp_relay.page.editor import Attempt, EditorPlan, Insertion, check_text, insert_text, read_text
from cdp_relay.page.examine import (
    Alternative,
    Candidate,
    examine_selectors,
    read_stamps,
    suggest_controls,
)
from cdp_relay.page.keyboard import Keyboard
from cdp_relay.page.mouse import Mouse
from cdp_relay.page.probe import (
    Control,
    StateLike,
    click_control,
    find_control,
    find_state,
    visible_count,
    watch_states,
)
from cdp_relay.page.tab import Dialog, Tab, open_tab

__all__ = [
    "Alternative",
    "Attempt",
    "BodyData",
    "BodyEnded",
    "Candidate",
    "Capture",
    "CaptureEvent",
    "Control",
    "Dialog",
    "EditorPlan",
    "Insertion",
    "Keyboard",
    "Mouse",
    "RequestSent",
    "ResponseStarted",
    "SocketMessage",
    "StateLike",
    "Tab",
    "check_text",
    "click_control",
    "examine_selectors",
    "find_control",
    "find_state",
    "insert_text",
    "open_tab",
    "read_stamps",
    "read_text",
    "suggest_controls",
    "visible_count",
    "watch_requests",
    "watch_states",
]
