"""launch/relay, with programs in the place of Python, pip and apt-get that write down what was asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import attrs
import pytest

CHECKOUT = Path(__file__).parents[2]
TOOLS = ("sh", "dirname", "readlink", "cksum", "cat", "grep", "id", "mkdir", "chmod", "rm", "cp")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shell scripts")

PYTHON = """#!/bin/sh
case "$*" in
    *version_info*sys.exit*|*sys.exit*version_info*) [ ! -e "$FAKES/old-python" ] ;;
    *"import ensurepip"*) [ ! -e "$FAKES/no-venv" ] ;;
    *version_info*) echo 3.12 ;;
    "-m venv "*)
        echo venv >>"$FAKES/log"
        for last; do :; done
        mkdir -p "$last/bin"
        cp "$FAKES/venv-python" "$last/bin/python"
        ;;
esac
"""
VENV_PYTHON = """#!/bin/sh
case "$*" in
    *version_info*) exit 0 ;;
    "-m pip "*)
        echo pip >>"$FAKES/log"
        if [ -e "$FAKES/no-network" ]; then echo "no network" >&2; exit 1; fi
        cp "$FAKES/cdp-relay" "$(dirname "$0")/cdp-relay"
        ;;
    *find_browser*)
        echo look >>"$FAKES/log"
        if [ -e "$FAKES/no-browser" ]; then echo "launch/relay: none was found" >&2; exit 1; fi
        echo "$FAKES/chromium"
        ;;
esac
"""
APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$FAKES/log"
case "$*" in install*) rm "$FAKES/no-browser" ;; esac
"""
PROGRAM = """#!/bin/sh
echo "cdp-relay $*"
"""


@attrs.define
class Fresh:
    """A machine where nothing was installed yet."""

    checkout: Path
    fakes: Path
    environ: dict[str, str]

    def run(
        self, *arguments: str, script: Path | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(script or self.checkout / "launch/relay"), *arguments],
            env=self.environ,
            cwd=cwd or self.checkout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    def log(self) -> list[str]:
        path = self.fakes / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def program(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def note(self, name: str) -> None:
        (self.fakes / name).touch()


@pytest.fixture
def fresh(tmp_path: Path) -> Fresh:
    checkout, fakes, commands = (tmp_path / name for name in ("check out", "fakes", "bin"))
    for folder in (checkout, fakes, commands):
        folder.mkdir()
    shutil.copytree(CHECKOUT / "launch", checkout / "launch")
    shutil.copy(CHECKOUT / "pyproject.toml", checkout)
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (commands / tool).symlink_to(found)
    machine = Fresh(checkout, fakes, {"PATH": str(commands), "FAKES": str(fakes), "HOME": str(tmp_path)})
    machine.program(commands / "python3.12", PYTHON)
    machine.program(fakes / "venv-python", VENV_PYTHON)
    machine.program(fakes / "cdp-relay", PROGRAM)
    machine.program(fakes / "chromium", "")
    return machine


def test_a_fresh_machine_gets_an_environment_and_starts(fresh: Fresh) -> None:
    done = fresh.run("--port", "0", "--headless")
    assert done.returncode == 0
    assert done.stdout == "cdp-relay up --port 0 --headless\n"
    assert fresh.log() == ["venv", "pip", "look"]
    for step in ("making the environment", "installing CDP Relay", "the browser is"):
        assert step in done.stderr


def test_the_second_run_does_nothing_but_start(fresh: Fresh) -> None:
    fresh.run()
    fresh.log()
    done = fresh.run("--json")
    assert (done.stdout, done.stderr) == ("cdp-relay up --json\n", "")
    assert fresh.log() == []


def test_it_works_from_any_folder_and_through_links(fresh: Fresh, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "absolute").symlink_to(fresh.checkout / "launch/relay")
    (elsewhere / "relative").symlink_to("absolute")
    for name in ("absolute", "relative"):
        assert fresh.run(script=elsewhere / name, cwd=elsewhere).returncode == 0
    assert fresh.log() == ["venv", "pip", "look"]
    assert (fresh.checkout / ".venv/bin/cdp-relay").exists()


def test_changed_requirements_are_installed(fresh: Fresh) -> None:
    fresh.run()
    fresh.log()
    with (fresh.checkout / "pyproject.toml").open("a") as file:
        file.write("\n# changed\n")
    assert fresh.run().returncode == 0
    assert fresh.log() == ["pip"]


def test_a_checkout_that_was_moved_is_installed_anew(fresh: Fresh, tmp_path: Path) -> None:
    fresh.run()
    fresh.log()
    moved = fresh.checkout.rename(tmp_path / "moved")
    assert fresh.run(script=moved / "launch/relay", cwd=moved).returncode == 0
    assert fresh.log() == ["pip"]


def test_an_environment_whose_python_is_gone_is_made_anew(fresh: Fresh) -> None:
    fresh.run()
    fresh.log()
    (fresh.checkout / ".venv/bin/python").unlink()
    done = fresh.run()
    assert "does not work any more" in done.stderr
    assert fresh.log()[0] == "venv"


def test_an_installation_that_failed_is_tried_again(fresh: Fresh) -> None:
    fresh.note("no-network")
    done = fresh.run()
    assert done.returncode == 1
    assert "pip could not install it" in done.stderr
    assert done.stdout == ""
    (fresh.fakes / "no-network").unlink()
    assert fresh.run().returncode == 0
    assert fresh.log() == ["venv", "pip", "pip", "look"]


def test_a_python_that_is_too_old_is_explained(fresh: Fresh) -> None:
    fresh.note("old-python")
    done = fresh.run()
    assert done.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert not (fresh.checkout / ".venv").exists()


def test_a_missing_venv_module_names_the_package(fresh: Fresh) -> None:
    fresh.note("no-venv")
    done = fresh.run()
    assert done.returncode == 1
    assert "apt-get install python3.12-venv" in done.stderr


def test_a_missing_browser_is_looked_for_at_every_run(fresh: Fresh) -> None:
    fresh.note("no-browser")
    done = fresh.run()
    assert done.returncode == 1
    assert "none was found" in done.stderr
    assert "No usable browser" in done.stderr
    (fresh.fakes / "no-browser").unlink()
    assert fresh.run().returncode == 0


@pytest.mark.parametrize(
    ("manager", "advice"),
    [
        ("apt-get", "apt-get install"),
        ("dnf", "dnf install chromium"),
        ("pacman", "pacman -S chromium"),
        ("brew", "brew install --cask google-chrome"),
    ],
)
def test_a_missing_browser_is_advised_in_the_systems_own_words(
    fresh: Fresh, manager: str, advice: str
) -> None:
    fresh.note("no-browser")
    fresh.program(Path(fresh.environ["PATH"]) / manager, APT_GET)
    done = fresh.run()
    assert done.returncode == 1
    assert advice in done.stderr
    assert "apt-get" not in "".join(fresh.log())  # nothing is installed unasked


def is_debian_root() -> bool:
    release = Path("/etc/os-release")
    return hasattr(os, "getuid") and os.getuid() == 0 and "ID=ubuntu" not in release.read_text()


@pytest.mark.skipif(not is_debian_root(), reason="needs root, and no Ubuntu")
def test_yes_installs_a_browser_as_root(fresh: Fresh) -> None:
    fresh.note("no-browser")
    fresh.program(Path(fresh.environ["PATH"]) / "apt-get", APT_GET)
    done = fresh.run("--yes", "--port", "0")
    assert done.stdout == "cdp-relay up --port 0\n"
    assert fresh.log() == [
        "venv",
        "pip",
        "look",
        "apt-get update",
        "apt-get install --yes chromium",
        "look",
    ]


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (("--attach", "http://127.0.0.1:9222"), {}),
        (("--attach=http://127.0.0.1:9222",), {}),
        (("--help",), {}),
        ((), {"CDP_RELAY_CHROME_ATTACH": "http://127.0.0.1:9222"}),
    ],
)
def test_who_attaches_needs_no_browser_here(
    fresh: Fresh, arguments: tuple[str, ...], environ: dict[str, str]
) -> None:
    fresh.note("no-browser")
    fresh.environ |= environ
    done = fresh.run(*arguments)
    assert done.stdout.split() == ["cdp-relay", "up", *arguments]
    assert fresh.log() == ["venv", "pip"]


def test_setup_only_starts_nothing(fresh: Fresh) -> None:
    done = fresh.run("--setup-only")
    assert (done.returncode, done.stdout) == (0, "")


def test_arguments_with_spaces_arrive_whole(fresh: Fresh) -> None:
    fresh.program(fresh.fakes / "cdp-relay", '#!/bin/sh\nfor one; do printf "[%s]" "$one"; done\n')
    assert fresh.run("--set", "chrome.profile=a b").stdout == "[up][--set][chrome.profile=a b]"


def test_chrome_prepares_and_hands_over(fresh: Fresh) -> None:
    done = fresh.run("--debugging-port", "9333", script=fresh.checkout / "launch/chrome")
    assert done.stdout == "cdp-relay launch --debugging-port 9333\n"
    assert fresh.log() == ["venv", "pip", "look"]
