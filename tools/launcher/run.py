# SPDX-License-Identifier: BSD-2-Clause
"""`tenon run`: boot, run a command in each guest, stream every console, judge."""
from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from .common import TenonError, say, write_atomic
from .initramfs import runs_xtest
from .machine import Guest, Machine
from .options import commands_of, numbers_of
from .prepare import prepare_machine, run_folder
from .recorder import Recorder
from .xtest import Summary

EXIT_MARK = re.compile(r"TENON-EXIT (\d+)$")
TRACE_LINE = re.compile(r"trace |ok records=")
DEFAULT_COMMAND = "uname -a; test -c /dev/tee0"


def show_line(name: str, line: str) -> None:
    """A line of a console, but for those of the trace that we asked for."""
    if name != "hv" or not TRACE_LINE.match(line):
        print(f"{name}: {line}", flush=True)


class Task:
    """What the current instance of one guest has done so far."""

    def __init__(self, guest: Guest, command: str):
        self.guest = guest
        self.command = command
        self.kills: List[Dict[str, object]] = []
        self.restart()

    def restart(self) -> None:
        """A new instance begins from nothing."""
        self.status: Optional[int] = None
        self.ended_at: Optional[float] = None
        self.summary = Summary()

    def take_line(self, line: str) -> None:
        """A line of its console."""
        found = EXIT_MARK.search(line)
        if found and self.status is None:
            self.status = int(found.group(1))
        self.summary.take_line(line)

    def failures(self, expect_cases: Optional[int]) -> List[str]:
        """Why this guest has not done what it was asked; empty when it has."""
        name, reasons = self.guest.name, []
        if self.status is None:
            reasons.append(f"{name}: its command did not end")
        elif self.status != 0:
            reasons.append(f"{name}: its command ended with status {self.status}")
        if expect_cases is not None and runs_xtest([self.command]):
            if self.summary.cases != expect_cases:
                reasons.append(f"{name}: xtest ran {self.summary.cases} cases, not {expect_cases}")
            if self.summary.failed:
                reasons.append(f"{name}: {self.summary.failed} cases of xtest failed")
        return reasons

    def report(self) -> Dict[str, object]:
        """For --json."""
        found: Dict[str, object] = {"name": self.guest.name, "command": self.command, "status": self.status,
                                    "instances": self.guest.instances, "kills": self.kills}
        if self.summary.summaries:
            found["xtest"] = {"cases": self.summary.cases, "failed": self.summary.failed,
                              "subtests": self.summary.subtests, "skipped": self.summary.skipped,
                              "results": self.summary.results}
        return found


class Runner:
    """Drives one machine to the end of all its guests' commands."""

    def __init__(self, machine: Machine, commands: Dict[str, str], kills: List[Tuple[int, float]], timeout: float):
        self.machine = machine
        self.timeout = timeout
        self.kills = sorted(kills, key=lambda kill: kill[1])
        self.recorder: Optional[Recorder] = None
        self.tasks: List[Task] = []
        for number, guest in enumerate(machine.guests.values(), 1):
            task = Task(guest, commands.get(str(number), commands.get("default", "")))
            guest.console.on_line.append(task.take_line)
            self.tasks.append(task)
        for console in machine.consoles():
            console.on_line.append(lambda line, name=console.name: show_line(name, line))
        machine.on_guest.append(self._guest_changed)

    def run(self) -> None:
        """Until every command has ended and every kill was done; TenonError when time is up."""
        while True:
            if self.machine.seconds > self.timeout:
                raise TenonError(f"not done after {self.timeout:.0f} s",
                                 f"raise --timeout, or look: {self.machine.log_hint()}")
            if self.machine.panic:
                raise TenonError(f"the hypervisor stopped: {self.machine.panic}", self.machine.log_hint())
            if self.machine.ready and self.machine.failures:
                raise TenonError(f"the hypervisor could not create a VM: {'; '.join(self.machine.failures)}")
            if self.kills and self.machine.ready and self.machine.seconds >= self.kills[0][1]:
                self._kill(self.kills.pop(0)[0])
            if not self.machine.alive or (not self.kills and all(self._ended(task) for task in self.tasks)):
                break
            until_kill = self.kills[0][1] - self.machine.seconds if self.kills else 1.0
            self.machine.pump(min(max(until_kill, 0.01), 0.02 if self.recorder else 0.2))
            if self.recorder:
                self.recorder.poll()
        if self.recorder:
            self.recorder.finish()
        for console in self.machine.consoles():
            console.end_line()
        self._power_off()

    def _ended(self, task: Task) -> bool:
        return self.machine.ready and task.guest.instances > 0 and task.guest.state != "running"

    def _kill(self, number: int) -> None:
        task = self.tasks[number - 1]
        at = time.monotonic()
        say(f"destroying {task.guest.name} at {self.machine.seconds:.1f} s")
        self.machine.destroy(task.guest)
        took = time.monotonic() - at
        task.kills.append({"at": round(self.machine.seconds, 3), "destroy_seconds": round(took, 3)})
        self.machine.create(task.guest)
        say(f"{task.guest.name} was gone after {took:.2f} s and is created again as VM {task.guest.number}")

    def _guest_changed(self, guest: Guest, state: str) -> None:
        if state == "running":
            next(task for task in self.tasks if task.guest is guest).restart()

    def _power_off(self) -> None:
        """Let the machine end by itself where it can; closing it ends it anyway."""
        if self.machine.config.hypervisor is None or not self.machine.alive:
            return
        self.machine.control.request("poweroff")
        deadline = time.monotonic() + 5
        while self.machine.alive and time.monotonic() < deadline:
            self.machine.pump(0.1)


def run(options: argparse.Namespace) -> int:
    """The command; returns its exit status."""
    commands = commands_of(options)
    if not commands:
        commands["default"] = DEFAULT_COMMAND
    for number in range(1, options.guests + 1):
        if str(number) not in commands and "default" not in commands:
            commands[str(number)] = DEFAULT_COMMAND
    with run_folder(options.log) as folder:
        began = time.monotonic()
        config = prepare_machine(folder, options.guests, commands, options.tee, options.hypervisor == "tenon",
                                 options.cpus, options.guest_mem, options.vcpus, options.icount, options.overlay,
                                 numbers_of(options))
        problems: List[str] = []
        with Machine(config) as machine:
            runner = Runner(machine, commands, options.kills, options.timeout)
            if options.trace:
                runner.recorder = Recorder(machine)
            try:
                runner.run()
            except TenonError as error:
                problems.append(str(error))
        for task in runner.tasks:
            problems += task.failures(options.expect_cases)
        if runner.recorder:
            say(runner.recorder.save(options.trace))
        if options.json:
            write_report(options.json, runner, problems, time.monotonic() - began)
        if problems:
            raise TenonError("; ".join(problems), f"the logs are in {folder}")
    say(f"{options.guests} guest{'s' if options.guests > 1 else ''} done in {time.monotonic() - began:.1f} s")
    return 0


def write_report(target: Path, runner: Runner, problems: List[str], seconds: float) -> None:
    """Results as JSON, for scripts."""
    events = [{"at": round(at, 3), "event": event.text} for at, event in runner.machine.events]
    report = {"ok": not problems, "problems": problems, "seconds": round(seconds, 3),
              "guests": [task.report() for task in runner.tasks], "events": events}
    write_atomic(target, (json.dumps(report, indent=1) + "\n").encode())
    print(f"tenon: results in {target}", file=sys.stderr)
