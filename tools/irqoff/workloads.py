# SPDX-License-Identifier: BSD-2-Clause
"""What the measuring kernel is given to do. Each workload boots machines of its own, under -icount."""
from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from conformance.table import XTEST
from launcher.common import TenonError, build_dir
from launcher.images import find_image
from launcher.machine import Guest, Machine, MachineConfig
from launcher.prepare import bare_guest, prepare_machine
from launcher.recorder import Recorder

from .windows import Windows

KINDS = ["none", "running", "preempted", "rpc:alloc", "rpc:free", "rpc:load_ta", "rpc:shm_alloc", "rpc:shm_free",
         "rpc:get_time", "rpc:suspend", "rpc:notification"]
APP_TESTS = ["entry", "params", "memory", "calls", "fp", "fault", "flags", "crash-kept", "image", "nest", "cycle", "system",
             "libs", "wrapped", "version"]
MANY_TESTS = ["many-regions", "many-objects", "many-sessions", "many-bytes"]
CRAFTED_TESTS = ["many-libs", "many-images"]
CROWD = 62                  # guests beside each other
HERD_APP = "7e0b3c5a-0033-4b8e-a2f6-74612d747374.ta"
CALLS = 64                  # in flight, at most, in one guest
HOARDS: List[Dict[str, int]] = [
    {"instances": 4, "sessions": 16, "buffers": 4, "pages": 64},
    {"instances": 12, "sessions": 64, "buffers": 64, "pages": 64},
    {"instances": 24, "sessions": 900, "buffers": 400, "pages": 64},
    {"instances": 24, "sessions": 16, "buffers": 14, "pages": 2300},
    {"instances": 0, "sessions": 0, "buffers": 1020, "pages": 1},       # nearly all that the mediator takes
    {"instances": 0, "sessions": 0, "buffers": 1020, "pages": 1, "spread": 1},
]
DEAD = {"dead": 500, "instances": 4, "sessions": 500}      # a guest has 512 instances at most
TARGET_DEAD = "ffff3024"
ALL_PAGES = 3700            # of secure memory, nearly
Bare = Tuple[str, str]      # name, boot arguments


class Meter:
    """Boots machines with the measuring kernel and collects what it says."""

    def __init__(self, folder: Path, kernel: str, timeout: float) -> None:
        self.folder = folder
        self.kernel = kernel
        self.timeout = timeout
        self.windows = Windows()
        self._count = 0

    def machine(self, bare: Sequence[Bare] = (), manual: Sequence[Bare] = (), adjust: Optional[Callable[[MachineConfig], None]] = None,
                guests: int = 0, **description: object) -> Machine:
        """A machine to be started by `with`: bare-metal test guests, those to be created later, and Linux guests."""
        self._count += 1
        folder = self.folder / f"machine{self._count}"
        folder.mkdir(parents=True, exist_ok=True)
        extra = [bare_guest(folder, name, words, apps=[find_image(HERD_APP)]) for name, words in bare]
        extra += [bare_guest(folder, name, words, manual=True, apps=[find_image(HERD_APP)]) for name, words in manual]
        config = prepare_machine(folder, guests, extra_guests=extra, icount=True, kernel=self.kernel, **description)  # type: ignore[arg-type]
        for guest in config.guests:
            guest.numbers.update({"limit-sessions": 1024, "limit-shm-pages": 65536})
        if adjust:
            adjust(config)
        machine = Machine(config)
        machine.secure.on_line.append(self.windows.take_line)
        return machine

    def expect(self, machine: Machine, guest: Guest, pattern: str) -> None:
        """The guest says so; TenonError if it fails instead."""
        found = machine.expect(guest.console, rf"{pattern}|guest: FAIL.*", self.timeout)
        if "FAIL" in found.group(0):
            raise TenonError(f"{guest.name}: {found.group(0)}", machine.log_hint())

    def run_commands(self, machine: Machine) -> None:
        """Each Linux guest's command ends well."""
        for guest in machine.guests.values():
            if guest.name.startswith("g"):
                found = machine.expect(guest.console, r"TENON-EXIT (\d+)$", self.timeout)
                if found.group(1) != "0":
                    raise TenonError(f"{guest.name}: its command ended with status {found.group(1)}", machine.log_hint())


def small(config: MachineConfig) -> None:
    """Guests of the test's own need little memory."""
    for guest in config.guests:
        if not guest.name.startswith("g"):
            guest.memory = 4


def hoards(meter: Meter, sizes: Sequence[Dict[str, int]] = tuple(HOARDS)) -> None:
    """Guests that have more and more of everything are destroyed with it."""
    words = [("hoard" + str(n), "mode=hoard " + " ".join(f"{name}={value}" for name, value in size.items()))
             for n, size in enumerate(sizes)]
    with meter.machine(manual=words, adjust=small) as machine:
        machine.wait_ready(meter.timeout)
        for name, _ in words:
            guest = machine.guests[name]
            machine.create(guest)
            meter.expect(machine, guest, "hoard: ready")
            machine.destroy(guest, meter.timeout)


def returns(meter: Meter, size: Dict[str, int]) -> None:
    """One gives it all back by itself."""
    with meter.machine(bare=[("hoard", "mode=hoard " + " ".join(f"{name}={value}" for name, value in size.items()))],
                       adjust=small) as machine:
        machine.wait_ready(meter.timeout)
        guest = machine.guests["hoard"]
        meter.expect(machine, guest, "hoard: ready")
        machine.write(guest, b"q")
        meter.expect(machine, guest, "guest: PASS")


def returns_all(meter: Meter) -> None:
    """The same guests give it back by themselves."""
    for size in HOARDS:
        returns(meter, size)


def dead(meter: Meter, size: Dict[str, int]) -> None:
    """Guests whose apps have crashed, with their sessions still open: one closes them, one is destroyed with them."""
    hoards(meter, [size])
    returns(meter, size)


class Herd:
    """Guests in an app that they share, and what they are told to do there."""

    def __init__(self, meter: Meter, machine: Machine) -> None:
        self.meter = meter
        self.machine = machine

    def create(self, guests: Sequence[Guest]) -> None:
        """They wait for their first order."""
        for guest in guests:
            self.machine.create(guest)
            self.meter.expect(self.machine, guest, "herd: ready")

    def tell(self, guests: Sequence[Guest], letters: str, result: str = "0") -> None:
        """All do it, letter by letter, and say that the last command or session gave this."""
        for letter in letters:
            for guest in guests:
                self.machine.write(guest, letter.encode())
            for guest in guests:
                self.meter.expect(self.machine, guest, f"herd: {ord(letter)} gave {result}$")

    def wait(self, guests: Sequence[Guest], keeper: Guest) -> None:
        """Their calls wait for the keeper."""
        self.tell([keeper], "g")
        self.tell(guests, "w")

    def destroy(self, guests: Sequence[Guest]) -> None:
        """With all that they have."""
        for guest in guests:
            self.machine.destroy(guest, self.meter.timeout)


def herd(meter: Meter, count: int = CROWD) -> None:
    """As many sessions of a shared app as there can be: it ends with the last; guests are destroyed with theirs; it panics."""
    names = [f"bare{n}" for n in range(count)]
    with meter.machine(manual=[(name, "mode=herd sessions=16") for name in names], adjust=small) as machine:
        machine.wait_ready(meter.timeout)
        guests = [machine.guests[name] for name in names]
        half, quarter = guests[count // 2:], guests[1:count // 4]
        told = Herd(meter, machine)
        told.create(guests)
        told.tell(guests[:1], "smc")
        told.tell(guests, "sic")
        told.tell(guests, "s")
        told.destroy(half)
        told.tell(guests[:1], "i")                      # closes those of all that are gone
        told.create(half)
        told.tell(half, "s")
        told.tell(guests[:1], "p", TARGET_DEAD)
        told.tell(guests[1:2], "i", TARGET_DEAD)
        told.tell(quarter, "c")
        told.destroy([guest for guest in guests if guest not in quarter])


def waiters(meter: Meter, count: int = 16, waits: int = 60) -> None:
    """Calls of several guests wait in a shared app for one: it lets them go, is destroyed, the app dies in two ways, and they are
    destroyed."""
    names = [f"bare{n}" for n in range(count)]
    bare = [(name, f"mode=herd sessions=16 waits={waits} slots={CALLS}") for name in names]

    def adjust(config: MachineConfig) -> None:
        small(config)
        for guest in config.guests:
            guest.numbers["limit-calls"] = CALLS

    with meter.machine(manual=[*bare, ("keeper", "mode=herd sessions=1")], adjust=adjust) as machine:
        machine.wait_ready(meter.timeout)
        guests, keeper = [machine.guests[name] for name in names], machine.guests["keeper"]
        told = Herd(meter, machine)
        told.create([*guests, keeper])
        told.tell([keeper, *guests], "s")
        for way, result in (("o", "0"), ("p", TARGET_DEAD), ("x", TARGET_DEAD)):
            told.wait(guests, keeper)
            told.tell([keeper], way, result)
            told.tell(guests, "e", result)
            if result == TARGET_DEAD:
                told.tell([keeper, *guests], "cs")
        told.wait(guests, keeper)
        told.destroy([keeper])
        told.tell(guests, "e")
        told.create([keeper])
        told.tell([keeper], "s")
        told.wait(guests, keeper)
        told.destroy([*guests, keeper])


def shortage(meter: Meter) -> None:
    """Large buffers are registered while a guest has all secure memory, and an app that is kept alive gives way."""
    big = "kept=1 big=2300 bigs=14"         # as large, and as much, as the mediator takes
    bare = [("poor1", f"mode=hoard {big}"), ("poor2", f"mode=hoard {big}"), ("greedy", f"mode=hoard greedy=1 {big}")]

    def adjust(config: MachineConfig) -> None:
        small(config)
        for guest in config.guests:
            guest.numbers["limit-pages"] = ALL_PAGES        # instead of a share of what is free

    with meter.machine(manual=bare, adjust=adjust) as machine:
        machine.wait_ready(meter.timeout)
        guests = [machine.guests[name] for name, _ in bare]
        for guest in guests:
            machine.create(guest)
            meter.expect(machine, guest, "hoard: ready")
        for guest in guests * 2:
            machine.write(guest, b"b")
            meter.expect(machine, guest, r"hoard: \d+ times")
        for guest in guests:
            machine.destroy(guest, meter.timeout)
    hoards_alone(meter, "kept=1 greedy=1 big=32768")


def dead_all(meter: Meter) -> None:
    """As many as a guest can have."""
    dead(meter, DEAD)


def storms(meter: Meter, calls: int = 2000) -> None:
    """Three guests make hostile calls while a Linux guest works."""
    bare = [(f"bare{n}", f"mode=storm seed={n} calls={calls}") for n in (1, 2, 3)]
    with meter.machine(bare=bare, guests=1, commands={"1": "ledger --calls 500 --seed 5"}) as machine:
        machine.wait_ready(meter.timeout)
        for name, _ in bare:
            meter.expect(machine, machine.guests[name], "guest: PASS")
        meter.run_commands(machine)


def hog(meter: Meter) -> None:
    """A greedy guest takes all of one thing after the other beside one that works, and is destroyed with it each time."""
    full = {b"m": r"hog: \d+ instances, then", b"r": r"hog: \d+ shared pages, then", b"c": r"hog: \d+ calls, then",
            b"o": r"hog: \d+ sessions, then", b"t": r"hog: \d+ ms"}
    with meter.machine(bare=[("victim", "mode=pace seed=3")], manual=[("hog", "mode=hog")],
                       adjust=lambda config: config.guests[1].numbers.update({"limit-shm-pages": 64, "limit-sessions": 256})) as machine:
        machine.wait_ready(meter.timeout)
        guest = machine.guests["hog"]
        for letter, pattern in full.items():
            machine.create(guest)
            meter.expect(machine, guest, "hog: ready")
            machine.write(guest, letter)
            meter.expect(machine, guest, pattern)
            machine.run_for(1)
            machine.destroy(guest, meter.timeout)


def crowd(meter: Meter) -> None:
    """Many guests that have had a session; figures of all are asked for; all go."""
    names = [f"bare{n}" for n in range(CROWD)]
    with meter.machine(manual=[(name, "mode=sleep profile=b") for name in names], adjust=small) as machine:
        machine.wait_ready(meter.timeout)
        guests = [machine.guests[name] for name in names]
        for guest in guests:
            machine.create(guest)
            meter.expect(machine, guest, "sleep: ready")
        for guest in guests:
            machine.stats(guest)
        machine.stats()
        for guest in guests:
            machine.destroy(guest)


def deaths(meter: Meter, rounds: int = 3) -> None:
    """A guest is destroyed in each state of a call."""
    def name_of(kind: str) -> str:
        return kind.replace(":", "-").replace("_", "-")

    dice = random.Random(1)
    with meter.machine(manual=[(name_of(kind), f"mode=linger kind={kind} hold=1000") for kind in KINDS], adjust=small) as machine:
        machine.wait_ready(meter.timeout)
        for kind in KINDS * rounds:
            guest = machine.guests[name_of(kind)]
            machine.create(guest)
            meter.expect(machine, guest, "linger: ready")
            machine.command(f"kill {guest.number} {kind} {dice.randrange(300)}")
            machine.wait(lambda victim=guest: victim.number is None, meter.timeout, f"death in {kind}")


def hoards_alone(meter: Meter, *hoards_of: str) -> None:
    """Without a hypervisor, for what a mediator would not let through: each gives it back by itself."""
    for words in hoards_of:
        with meter.machine(bare=[("bare1", f"mode=hoard native=1 {words}")], hypervisor=False) as machine:
            machine.wait_ready(meter.timeout)
            guest = machine.guests["bare1"]
            meter.expect(machine, guest, "hoard: ready")
            machine.write(guest, b"bbq")
            meter.expect(machine, guest, "guest: PASS")


def look_ups(meter: Meter) -> None:
    """As many buffers as the kernel takes, but for the messages and an app's file: where all are alike, and spread evenly."""
    hoards_alone(meter, "buffers=2046", "buffers=2046 spread=1")


def alone(meter: Meter) -> None:
    """Without a hypervisor: a buffer as large as the kernel takes, the storm, and Linux that sees everybody's figures."""
    hoards_alone(meter, "buffers=1 pages=65000")
    with meter.machine(bare=[("bare1", "mode=storm native=1 seed=1 calls=1500")], hypervisor=False) as machine:
        machine.wait_ready(meter.timeout)
        meter.expect(machine, machine.guests["bare1"], "guest: PASS")
    with meter.machine(guests=1, hypervisor=False, commands={"1": "ledger --calls 300 --seed 5"}) as machine:
        meter.run_commands(machine)


def apps(meter: Meter, groups: Sequence[str] = tuple(APP_TESTS)) -> None:
    """The project's own test apps: each system call with good and bad arguments, faults, libraries, mappings."""
    command = "; ".join(f"tatest {group} >/dev/null" for group in groups)
    with meter.machine(guests=1, overlay=build_dir() / "tests" / "ta" / "overlay", commands={"1": command + "; true"}) as machine:
        machine.wait_ready(meter.timeout)
        meter.run_commands(machine)


def much(meter: Meter, groups: Sequence[str] = tuple(MANY_TESTS)) -> None:
    """The test apps again, with as much as an app can have of everything; each ends with it in every way."""
    run_checks(meter, build_dir() / "tests" / "ta" / "overlay", groups)


def crafted(meter: Meter, groups: Sequence[str] = tuple(CRAFTED_TESTS)) -> None:
    """Files that no compiler makes: the longest names, relocations to and fro, the most libraries, hundreds of apps."""
    overlay = meter.folder / "overlay"
    for name in ("overlay", "crafted"):
        shutil.copytree(build_dir() / "tests" / "ta" / name, overlay, dirs_exist_ok=True)
    run_checks(meter, overlay, groups)


def run_checks(meter: Meter, overlay: Path, groups: Sequence[str]) -> None:
    """Groups of checks that are for these measurements only, so each has to succeed."""
    command = " && ".join(f"tatest {group}" for group in groups)
    with meter.machine(guests=1, overlay=overlay, commands={"1": command}) as machine:
        machine.wait_ready(meter.timeout)
        meter.run_commands(machine)


def mixture(meter: Meter, calls: int = 100) -> None:
    """The lingerer's mixture of everything an app can do in a call; two guests with a shared app; one that lies; and the trace
    is on."""
    commands = {"1": f"linger --calls {calls} --ms 10", "2": "(sleep 1; exchange put go) & exchange beat 40 50; wait",
                "3": "exchange get && exchange follow 20 50"}
    with meter.machine(guests=3, bare=[("bare1", "mode=storm seed=9 calls=500")], commands=commands) as machine:
        machine.wait_ready(meter.timeout)
        recorder = Recorder(machine)
        machine.wait(lambda: recorder.poll() or all(guest.state != "running" for guest in machine.guests.values()), meter.timeout,
                     "the guests to end")
        meter.expect(machine, machine.guests["bare1"], "guest: PASS")
        meter.run_commands(machine)


def xtest(meter: Meter) -> None:
    """Debian's xtest: the list of docs/conformance.md."""
    with meter.machine(guests=1, commands={"1": XTEST}, xtest=True) as machine:
        machine.wait_ready(meter.timeout)
        meter.run_commands(machine)


WORKLOADS: Dict[str, Callable[[Meter], None]] = {
    "hoards": hoards, "returns": returns_all, "storms": storms, "hog": hog, "crowd": crowd, "deaths": deaths, "alone": alone,
    "apps": apps, "much": much, "crafted": crafted, "mixture": mixture, "xtest": xtest, "dead": dead_all, "herd": herd,
    "waiters": waiters, "shortage": shortage, "look_ups": look_ups,
}
