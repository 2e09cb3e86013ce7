"""The browser as a process: found, started on its dedicated profile, attached to, kept running.

``find``, ``profile``, ``flags``, ``lock`` and ``processes`` know files and the system only;
``process`` and ``launch`` run a browser, ``browser`` connects to it, ``supervisor`` keeps one up,
``sign_in`` opens the same profile for a person. Nothing here knows what a page is.
"""

from cdp_relay.chrome.browser import Browser, choose_headless, open_browser
from cdp_relay.chrome.find import BrowserBinary, find_browser
from cdp_relay.chrome.flags import browser_arguments, check_arguments
from cdp_relay.chrome.lock import lock_profile
from cdp_relay.chrome.machine import Machine
from cdp_relay.chrome.processes import ProcessName, port_holder, profile_holder
from cdp_relay.chrome.profile import default_profiles, prepare_profile, profile_folder
from cdp_relay.chrome.restart import RestartPolicy
from cdp_relay.chrome.sign_in import PlainBrowser, open_plain, sign_in_command
from cdp_relay.chrome.supervisor import Supervisor, supervise

__all__ = [
    "Browser",
    "BrowserBinary",
    "Machine",
    "PlainBrowser",
    "ProcessName",
    "RestartPolicy",
    "Supervisor",
    "browser_arguments",
    "check_arguments",
    "choose_headless",
    "default_profiles",
    "find_browser",
    "lock_profile",
    "open_browser",
    "open_plain",
    "port_holder",
    "prepare_profile",
    "profile_folder",
    "profile_holder",
    "sign_in_command",
    "supervise",
]
