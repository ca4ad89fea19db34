# SPDX-License-Identifier: BSD-2-Clause
"""A machine and its guests, for whoever drives one: run, shell, demo, stress, benchmarks, tests.

    with Machine(config) as machine:                    # boots; ends QEMU on the way out
        machine.wait_ready(timeout=60)
        g2 = machine.guests["g2"]
        g2.console.on_line.append(print)                # called from pump(), in the caller's thread
        machine.expect(g2.console, r"TENON-EXIT (\\d+)", timeout=60)
        machine.command(f"kill {g2.number} rpc 100")    # answer awaited; machine.control.request() does not wait
        machine.wait(lambda: g2.number is None, 10, "g2 to be gone")
        machine.create(g2)

One thread: bytes move, callbacks run and states change only inside pump(), which every waiting call uses.
Callbacks must not wait; they may call control.request().
"""
from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Callable, Dict, List, Match, Optional, Tuple, Type

from . import boot
from .boot import GuestSpec, MachineConfig
from .common import TenonError
from .console import Console
from .control import Answer, Control, Event, parse_values
from .mux import CONTROL_CHANNEL, Decoder, Encoder
from .qemu import Qemu, check_started

__all__ = ["Guest", "GuestSpec", "Machine", "MachineConfig"]


class Guest:
    """A described VM and its current instance."""

    def __init__(self, spec: GuestSpec, console: Console):
        self.spec = spec
        self.console = console
        self.number: Optional[int] = None       # the VM's number while it exists
        self.state = "absent"                   # absent, running, off, reset
        self.instances = 0                      # how often it was created

    @property
    def name(self) -> str:
        """What its output is marked with."""
        return self.spec.name


class Machine:
    """A booted machine; see the module's description."""

    def __init__(self, config: MachineConfig):
        self.config = config
        self.started = 0.0
        self.ready = False
        self.panic: Optional[str] = None        # the hypervisor's last words
        self.failures: List[str] = []           # described VMs that could not be created at boot
        self.events: List[Tuple[float, Event]] = []
        logs = config.log_dir
        logs.mkdir(parents=True, exist_ok=True)
        self.secure = Console("tee", logs / "secure.log")
        self.hypervisor_log = Console("hv", logs / "control.log")
        self.guests: Dict[str, Guest] = {
            spec.name: Guest(spec, Console(spec.name, logs / f"{spec.name}.log")) for spec in config.guests}
        self.extra: Dict[int, Console] = {}     # VMs created beyond one of each node, by number
        self.on_guest: List[Callable[[Guest, str], None]] = []      # (guest, new state)
        self.control = Control(lambda data: self._transmit(CONTROL_CHANNEL, data))
        self.control.on_event.append(self._take_event)
        self._decoder, self._encoder = Decoder(), Encoder()
        self._orphans: Dict[int, bytes] = {}    # output of a VM whose creation was not announced yet
        self._qemu: Optional[Qemu] = None
        self.hypervisor_log.on_line.append(self.control.take_line)

    def __enter__(self) -> "Machine":
        self.start()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def start(self) -> None:
        """Build the device tree, start QEMU."""
        arguments = boot.qemu_arguments(self.config)
        log = self.config.log_dir / "qemu.log"
        self._qemu = Qemu(arguments, self._take_bytes, log)
        self.started = time.monotonic()
        (self.config.log_dir / "qemu.command").write_text(" ".join(self._qemu.argv) + "\n")
        if self.config.hypervisor is None:
            self.ready = True
            for guest in self.guests.values():
                guest.number, guest.state, guest.instances = 0, "running", 1
        time.sleep(0.05)
        try:
            check_started(self._qemu, log)
        except TenonError:
            self.close()
            raise

    def close(self) -> None:
        """End QEMU and the logs. Safe to call twice."""
        if self._qemu:
            self._qemu.close()
            self._qemu = None
        for console in self.consoles():
            console.close()

    def consoles(self) -> List[Console]:
        """Every stream: the guests', the secure world's, the hypervisor's."""
        guests = [guest.console for guest in self.guests.values()]
        return [*guests, *self.extra.values(), self.secure, self.hypervisor_log]

    @property
    def alive(self) -> bool:
        """Whether QEMU still runs or has output left."""
        return self._qemu is not None and self._qemu.alive

    @property
    def seconds(self) -> float:
        """Host seconds since power-on."""
        return time.monotonic() - self.started

    def pump(self, timeout: float = 0.1) -> bool:
        """Move bytes and run callbacks; returns whether anything came."""
        return self._qemu.pump(timeout) if self._qemu else False

    def wait(self, condition: Callable[[], object], timeout: float, what: str) -> None:
        """Pump until condition() holds; TenonError when time is up or the machine ends first."""
        deadline = time.monotonic() + timeout
        while not condition():
            left = deadline - time.monotonic()
            if self.panic:
                raise TenonError(f"the hypervisor stopped: {self.panic}", self.log_hint())
            if left <= 0:
                raise TenonError(f"waited {timeout:.0f} s in vain for {what}", self.log_hint())
            if not self.alive:
                raise TenonError(f"the machine ended while waiting for {what}", self.log_hint())
            self.pump(min(left, 0.2))

    def run_for(self, seconds: float) -> None:
        """Let the machine run that long."""
        began = self.seconds
        self.wait(lambda: self.seconds - began >= seconds, seconds + 1, f"{seconds} s to pass")

    def log_hint(self) -> str:
        """Where to look when something failed."""
        return f"the logs are in {self.config.log_dir}"

    def wait_ready(self, timeout: float = 120) -> None:
        """Until the hypervisor has created the described VMs (at once on a machine without one)."""
        self.wait(lambda: self.ready, timeout, "the hypervisor to be ready")
        if self.failures:
            raise TenonError(f"the hypervisor could not create a VM: {'; '.join(self.failures)}", self.log_hint())

    def expect(self, console: Console, pattern: str, timeout: float) -> Match[str]:
        """The next line of a console that matches; lines are read once."""
        found: List[Match[str]] = []

        def look() -> bool:
            match = console.find(pattern)
            if match:
                found.append(match)
            return bool(match)

        self.wait(look, timeout, f"/{pattern}/ from {console.name}")
        return found[0]

    def write(self, guest: Guest, data: bytes) -> None:
        """Type into a guest's console."""
        if guest.number is None:
            raise TenonError(f"{guest.name} does not exist now")
        self.write_channel(guest.number, data)

    def write_channel(self, number: int, data: bytes) -> None:
        """Type into the console of the VM with this number."""
        if self.config.hypervisor is None and self._qemu:
            self._qemu.send("normal", data)
        else:
            self._transmit(number, data)

    def command(self, text: str, timeout: float = 30, check: bool = True) -> Answer:
        """Send a control command and wait for its answer; TenonError if it is an error (unless not check)."""
        if self.config.hypervisor is None:
            raise TenonError("a machine without a hypervisor takes no commands", "use --hypervisor tenon")
        answer = self.control.request(text)
        self.wait(lambda: answer.done, timeout, f"the answer to '{text}'")
        if check and not answer.ok:
            raise TenonError(f"the hypervisor refused '{text}': {answer.value}")
        return answer

    def create(self, guest: Guest, timeout: float = 30) -> int:
        """Create a VM of the guest's node; returns its number."""
        answer = self.command(f"create {guest.spec.node}", timeout)
        number = int(answer.value.split()[0])
        self.wait(lambda: guest.number == number, timeout, f"{guest.name} to be announced")
        return number

    def destroy(self, guest: Guest, timeout: float = 60) -> None:
        """Destroy the guest's VM; returns when it is gone."""
        if guest.number is None:
            raise TenonError(f"{guest.name} does not exist now")
        self.command(f"destroy {guest.number}", timeout)
        self.wait(lambda: guest.number is None, timeout, f"{guest.name} to be gone")

    def stats(self, guest: Optional[Guest] = None, timeout: float = 30) -> Dict[str, int]:
        """The counters of a guest's VM, or of the host and the TEE."""
        answer = self.command(f"stats {guest.number}" if guest else "stats", timeout)
        return parse_values(" ".join([*answer.lines, answer.value]))

    def _transmit(self, channel: int, data: bytes) -> None:
        if self._qemu:
            self._qemu.send("normal", self._encoder.encode(channel, data))

    def _take_bytes(self, line: str, data: bytes) -> None:
        if line == "secure":
            self.secure.feed(data)
        elif self.config.hypervisor is None:
            next(iter(self.guests.values())).console.feed(data)
        else:
            for channel, piece in self._decoder.feed(data):
                self._take_piece(channel, piece)

    def _take_piece(self, channel: int, piece: bytes) -> None:
        if channel == CONTROL_CHANNEL:
            self.hypervisor_log.feed(piece)
            return
        console = self.console_of(channel)
        if console:
            console.feed(piece)
        else:
            self._orphans[channel] = (self._orphans.get(channel, b"") + piece)[-65536:]

    def console_of(self, number: int) -> Optional[Console]:
        """The console of the VM with this number."""
        guest = self.guest_of(number)
        return guest.console if guest else self.extra.get(number)

    def guest_of(self, number: Optional[int]) -> Optional[Guest]:
        """The guest whose VM has this number."""
        return next((guest for guest in self.guests.values() if guest.number == number), None)

    def _take_event(self, event: Event) -> None:
        self.events.append((self.seconds, event))
        if event.kind == "ready":
            self.ready = True
        elif event.kind == "failed":
            self.failures.append(event.text)
        elif event.kind == "panic":
            self.panic = event.text
        elif event.kind == "created" and event.vm is not None:
            self._bind(event.vm, event.value_of("node") or "")
        elif event.kind in ("off", "reset"):
            self._change(self.guest_of(event.vm), event.kind)
        elif event.kind == "destroyed" and event.vm is not None:
            self._unbind(event.vm)

    def _bind(self, number: int, node: str) -> None:
        guest = next((g for g in self.guests.values() if g.spec.node == node and g.number is None), None)
        if guest:
            guest.number = number
            guest.instances += 1
            self._change(guest, "running")
        else:
            self.extra[number] = Console(f"vm{number}", self.config.log_dir / f"vm{number}.log")
        early = self._orphans.pop(number, b"")
        console = self.console_of(number)
        if console and early:
            console.feed(early)

    def _unbind(self, number: int) -> None:
        guest = self.guest_of(number)
        if guest:
            guest.console.end_line()
            guest.number = None
            self._change(guest, "absent")
        elif number in self.extra:
            self.extra.pop(number).close()

    def _change(self, guest: Optional[Guest], state: str) -> None:
        if guest and guest.state != state:
            guest.state = state
            for callback in list(self.on_guest):
                callback(guest, state)
