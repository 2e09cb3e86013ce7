"""A tab's hands, eyes and ears: trusted input, verified insertion, live capture, probes.

tab (life, address, isolated world) → mouse, keyboard → probe (controls, states) → editor (text into
composers), chips, files (files into composers) ; capture (requests, bodies, sockets), resource (files
out). Nothing here knows what a chat is.
"""

from cdp_relay.page.asked import Asked, look_asked
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
from cdp_relay.page.chips import chip_count, remove_chips
from cdp_relay.page.clear import state_text, watch_clear
from cdp_relay.page.controls import (
    ControlShown,
    MenuItem,
    Slider,
    await_control,
    fill_field,
    menu_items,
    press_chain,
    press_item,
    put_away,
    read_control,
    remove_all,
    slide,
    tooltip_over,
)
from cdp_relay.page.editor import (
    Attempt,
    EditorPlan,
    Insertion,
    PromptFile,
    insert_text,
    read_text,
)
from cdp_relay.page.examine import (
    Alternative,
    Candidate,
    examine_selectors,
    read_stamps,
    suggest_controls,
)
from cdp_relay.page.files import AttachPlan, attach_files
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
from cdp_relay.page.rendered import (
    AnswerPlace,
    LastTurn,
    RenderedText,
    mark_turns,
    read_answer,
    read_last_turn,
    wait_rendered,
)
from cdp_relay.page.resource import Resource, fetch_resource, shown_address, shown_addresses
from cdp_relay.page.tab import Dialog, Tab, open_tab
from cdp_relay.page.uploads import UploadFile, UploadFolder, accepts, open_upload_folder, plain_names

__all__ = [
    "Alternative",
    "AnswerPlace",
    "Asked",
    "AttachPlan",
    "Attempt",
    "BodyData",
    "BodyEnded",
    "Candidate",
    "Capture",
    "CaptureEvent",
    "Control",
    "ControlShown",
    "Dialog",
    "EditorPlan",
    "Insertion",
    "Keyboard",
    "LastTurn",
    "MenuItem",
    "Mouse",
    "PromptFile",
    "RenderedText",
    "RequestSent",
    "Resource",
    "ResponseStarted",
    "Slider",
    "SocketMessage",
    "StateLike",
    "Tab",
    "UploadFile",
    "UploadFolder",
    "accepts",
    "attach_files",
    "await_control",
    "chip_count",
    "click_control",
    "examine_selectors",
    "fetch_resource",
    "fill_field",
    "find_control",
    "find_state",
    "insert_text",
    "look_asked",
    "mark_turns",
    "menu_items",
    "open_tab",
    "open_upload_folder",
    "plain_names",
    "press_chain",
    "press_item",
    "put_away",
    "read_answer",
    "read_control",
    "read_last_turn",
    "read_stamps",
    "read_text",
    "remove_all",
    "remove_chips",
    "shown_address",
    "shown_addresses",
    "slide",
    "state_text",
    "suggest_controls",
    "tooltip_over",
    "visible_count",
    "wait_rendered",
    "watch_clear",
    "watch_requests",
    "watch_states",
]
