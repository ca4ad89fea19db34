# SPDX-License-Identifier: BSD-2-Clause
"""What the booted tests share: machines from the launcher, a time limit for each test, names for guests' results."""
import signal
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO / "tools"))
sys.dont_write_bytecode = True

from demo.rest import complaints  # noqa: E402
from launcher.machine import Machine  # noqa: E402
from launcher.prepare import bare_guest, prepare_machine  # noqa: E402

DEFAULT_LIMIT = 240                     # seconds for a test, unless @pytest.mark.limit(seconds) says otherwise


def pytest_configure(config):
    """The markers of this folder."""
    config.addinivalue_line("markers", "long: takes longer than CI has; run by 'make check-long'")
    config.addinivalue_line("markers", "limit(seconds): the test fails when it takes longer")


def pytest_runtest_logreport(report):
    """Show what failed at once, not only after the last test: CI may not get that far."""
    if report.failed:
        print(f"\n{report.nodeid} ({report.when}):\n{report.longreprtext[-3000:]}", flush=True)


@pytest.fixture(autouse=True)
def time_limit(request):
    """No test waits forever, whatever the machine does."""
    mark = request.node.get_closest_marker("limit")
    seconds = mark.args[0] if mark else DEFAULT_LIMIT

    def expire(*_):
        raise TimeoutError(f"the test took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


class Boots:
    """Boots machines for one test and ends them after it."""

    def __init__(self, folder):
        self._folder = folder
        self._machines = []

    def __call__(self, adjust=None, bare=(), **description):
        """A machine with prepare_machine's options, its configuration changed by adjust(config); ready.

        bare: (name, boot arguments) or (name, boot arguments, manual) of bare-metal test guests beside the others.
        """
        folder = self._folder / f"machine{len(self._machines) + 1}"
        folder.mkdir()
        if bare:
            description.setdefault("guests", 0)
            description["extra_guests"] = [bare_guest(folder, name, words, manual=bool(manual)) for name, words, *manual in bare]
        config = prepare_machine(folder, **description)
        if adjust:
            adjust(config)
        machine = Machine(config)
        self._machines.append(machine)
        for console in machine.consoles():
            console.on_line.append(lambda line, name=console.name: print(f"{name}: {line}"))
        machine.start()
        machine.wait_ready()
        return machine

    def close(self):
        """End them all."""
        for machine in self._machines:
            machine.close()


@pytest.fixture
def boot(tmp_path):
    """boot(guests=2, commands={...}, ...) → a running Machine; its consoles are shown when the test fails."""
    boots = Boots(tmp_path)
    yield boots
    boots.close()


@pytest.fixture
def status_of():
    """status_of(machine, guest, seconds): the exit status of the guest's command."""

    def wait(machine, name, seconds):
        return int(machine.expect(machine.guests[name].console, r"TENON-EXIT (\d+)$", seconds).group(1))

    return wait


@pytest.fixture
def quiet_kernel():
    """quiet_kernel(machine): fails if the secure world said anything above 'info' after its own start, or crashed."""

    def check(machine):
        found = complaints(machine)
        assert not found, found[:5]

    return check
