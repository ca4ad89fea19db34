# SPDX-License-Identifier: BSD-2-Clause
"""Records of the secure world's trace (abi/tenon.h), and the trace file that Chrome's viewer and Perfetto open."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional, Tuple

(GUEST_CREATED, GUEST_DESTROYED, CALL_ENTER, CALL_LEAVE, COMMAND, RPC, APP_ENTER, APP_LEAVE, SYSCALL, SESSION_OPEN,
 SESSION_CLOSE, REFUSED) = range(1, 13)
NO_CALL = 0xFFFF
CPUS = 1000000                  # the "process" of the CPUs; above it no VM has its number
EVENTS = 0                      # the "thread" of what is of no call

COMMANDS = ("open session", "invoke", "close session", "cancel", "register memory", "unregister memory", "bottom half",
            "stop notifications")
FUNCTIONS = ("open", "close", "invoke")
RPCS = {0: "load app", 2: "file system", 3: "time", 4: "notification", 5: "suspend", 6: "allocate memory",
        7: "free memory", 10: "socket", 12: "plugin"}
RPC_EXITS = {0xFFFF0000: "RPC allocate", 0xFFFF0002: "RPC free", 0xFFFF0004: "preempted", 0xFFFF0005: "RPC"}
SYSCALLS = {0: "return", 1: "log", 2: "panic", 3: "get property", 4: "get property index", 5: "open app", 6: "close app",
            7: "invoke app", 8: "check rights", 9: "get cancellation", 10: "unmask cancellation", 11: "mask cancellation",
            12: "wait", 13: "get time", 14: "set time", 15: "state alloc", 16: "state copy", 17: "state free",
            18: "hash init", 19: "hash update", 20: "hash final", 21: "cipher init", 22: "cipher update", 23: "cipher final",
            33: "random", 70: "cache operation"}
REFUSALS = ("pages", "calls", "sessions", "shared pages", "instances")


@dataclass
class Record:
    """One event as the kernel noted it."""
    ticks: int
    guest: int
    event: int
    cpu: int
    call: int
    value: Tuple[int, int, int, int]


def parse_line(line: str) -> List[Record]:
    """The records of a line 'trace T.G.E.C.K.A.B.C.D …', all hexadecimal; others have none."""
    words = line.split()
    if not words or words[0] != "trace":
        return []
    records = []
    for word in words[1:]:
        try:
            numbers = [int(part, 16) for part in word.split(".")]
        except ValueError:
            continue
        if len(numbers) == 9:
            a, b, c, d = numbers[5:]
            records.append(Record(*numbers[:5], (a, b, c, d)))
    return records


def name_of(names: object, number: int) -> str:
    """The name of a number, or the number."""
    try:
        return names[number]            # type: ignore[index]
    except (IndexError, KeyError):
        return str(number)


class Call:
    """A guest's call as it is followed: the slices that are open, the outermost first."""

    def __init__(self) -> None:
        self.open: List[dict] = []      # complete events whose end is not known yet
        self.outside: Optional[dict] = None
        self.rpc: Optional[int] = None  # the command of the RPC that it is about to leave for
        self.inside_since: Optional[Tuple[int, float]] = None   # CPU, time


class Converter:
    """Makes events of the trace format out of records in the order of their times."""

    def __init__(self, hz: int, names: Optional[Dict[int, str]] = None):
        self.hz = hz
        self.names = names or {}
        self.events: List[dict] = []
        self._calls: Dict[Tuple[int, int], Call] = {}
        self._start: Optional[int] = None
        self._seen: Dict[Tuple[int, int], None] = {}
        self._last = 0.0

    def convert(self, records: Iterable[Record]) -> dict:
        """The whole file, as an object for json.dump."""
        for record in sorted(records, key=lambda record: record.ticks):
            self._take(record)
        for key, call in self._calls.items():
            self._close(key, call, self._last)
        self.events.sort(key=lambda event: (event["ts"], -event.get("dur", 0)))
        return {"displayTimeUnit": "ns", "otherData": {"tool": "tenon", "ticks_per_second": self.hz},
                "traceEvents": self._labels() + self.events}

    def _labels(self) -> List[dict]:
        labels = []
        for guest in sorted({pid for pid, _ in self._seen}):
            name = "CPUs in the secure world" if guest == CPUS else self.names.get(guest) or f"guest {guest}"
            labels.append({"ph": "M", "ts": 0, "pid": guest, "tid": 0, "name": "process_name", "args": {"name": name}})
        for guest, thread in sorted(self._seen):
            name = (f"CPU {thread - 1}" if guest == CPUS else "guest" if thread == EVENTS else f"call {thread - 1}")
            labels.append({"ph": "M", "ts": 0, "pid": guest, "tid": thread, "name": "thread_name", "args": {"name": name}})
        return labels

    def _time(self, ticks: int) -> float:
        """Microseconds since the first record."""
        if self._start is None:
            self._start = ticks
        return (ticks - self._start) * 1e6 / self.hz

    def _add(self, pid: int, tid: int, name: str, ts: float, dur: Optional[float] = None, **args: object) -> dict:
        event: Dict[str, object] = {"ph": "i", "ts": ts, "pid": pid, "tid": tid, "name": name}
        if dur is None:
            event["s"] = "t"
        else:
            event.update(ph="X", dur=max(dur, 0.0))
        if args:
            event["args"] = args
        self._seen[(pid, tid)] = None
        self.events.append(event)
        return event

    def _begin(self, record: Record, call: Call, name: str, **args: object) -> None:
        call.open.append(self._add(record.guest, record.call + 1, name, self._time(record.ticks), 0.0, **args))

    def _end(self, call: Call, now: float) -> Optional[dict]:
        if not call.open:
            return None                 # it began before the trace, or its beginning was lost
        event = call.open.pop()
        event["dur"] = max(now - event["ts"], 0.0)
        return event

    def _close(self, key: Tuple[int, int], call: Call, now: float) -> None:
        """Ends all that is open: the call is over, or the trace."""
        self._come_back(call, now)
        while call.open:
            self._end(call, now)
        if call.inside_since:
            self._leave_cpu(key[0], call, now)
        call.rpc = None

    @staticmethod
    def _come_back(call: Call, now: float) -> None:
        if call.outside:
            call.outside["dur"] = max(now - call.outside["ts"], 0.0)
            call.outside = None

    def _leave_cpu(self, guest: int, call: Call, now: float) -> None:
        if call.inside_since:
            cpu, since = call.inside_since
            self._add(CPUS, cpu + 1, self.names.get(guest) or f"guest {guest}", since, now - since, guest=guest)
        call.inside_since = None

    def _take(self, record: Record) -> None:
        now = self._last = self._time(record.ticks)
        if record.call == NO_CALL:
            self._take_guest(record, now)
            return
        call = self._calls.setdefault((record.guest, record.call), Call())
        self._come_back(call, now)      # whatever it is: if its return was lost, it is inside all the same
        takers = {CALL_ENTER: self._enter, CALL_LEAVE: self._leave, COMMAND: self._command, RPC: self._rpc,
                  APP_ENTER: self._app_enter, APP_LEAVE: self._app_leave, SYSCALL: self._syscall}
        taker = takers.get(record.event)
        if taker:
            taker(record, call, now)
        elif record.event == SESSION_OPEN:
            self._add(record.guest, record.call + 1, "session opened" if record.value[1] == 0 else "no session", now,
                      session=record.value[0], result=f"0x{record.value[1]:08x}", app=f"{record.value[3]:08x}")
        elif record.event == SESSION_CLOSE:
            self._add(record.guest, record.call + 1, "session closed", now, session=record.value[0])

    def _take_guest(self, record: Record, now: float) -> None:
        status = record.value[0]
        if record.event == GUEST_CREATED:
            name = "guest created" if status == 0 else "guest not created"
        elif record.event == GUEST_DESTROYED:
            name = "guest destroyed" if status == 0 else "guest being destroyed"
        else:
            name = f"refused: {name_of(REFUSALS, status)}"
        self._add(record.guest, EVENTS, name, now)

    def _enter(self, record: Record, call: Call, now: float) -> None:
        if record.value[0] == 0:
            self._close((record.guest, record.call), call, now)     # an end that was lost
            self._begin(record, call, "call")
        call.inside_since = (record.cpu, now)

    def _leave(self, record: Record, call: Call, now: float) -> None:
        self._leave_cpu(record.guest, call, now)
        if record.value[0] == 0:
            if call.open:
                call.open[0].setdefault("args", {})["status"] = f"0x{record.value[1]:x}"
            self._close((record.guest, record.call), call, now)
            return
        if not call.open:
            return
        name = RPC_EXITS.get(record.value[1], "outside")
        if name == "RPC":
            name = f"RPC {name_of(RPCS, call.rpc) if call.rpc is not None else '?'}"
        call.rpc = None
        call.outside = self._add(record.guest, record.call + 1, name, now, 0.0)

    def _command(self, record: Record, call: Call, _now: float) -> None:
        if call.open:
            command, session, function, _ = record.value
            call.open[0]["name"] = name_of(COMMANDS, command)
            call.open[0]["args"] = {"session": session, "command": function} if command in (1, 2) else {}

    def _rpc(self, record: Record, call: Call, _now: float) -> None:
        call.rpc = record.value[0]

    def _app_enter(self, record: Record, call: Call, _now: float) -> None:
        if call.open:
            function, session, command, app = record.value
            self._begin(record, call, f"app {app:08x}: {name_of(FUNCTIONS, function)}", session=session, command=command,
                        app=app)

    def _app_leave(self, record: Record, call: Call, now: float) -> None:
        if len(call.open) > 1:
            event = self._end(call, now)
            if event is not None:
                event["args"]["result"] = f"0x{record.value[1]:08x}"

    def _syscall(self, record: Record, call: Call, now: float) -> None:
        number, result, ticks, _ = record.value
        if call.open:
            since = max(now - ticks * 1e6 / self.hz, call.open[-1]["ts"])
            self._add(record.guest, record.call + 1, f"syscall {name_of(SYSCALLS, number)}", since, now - since,
                      result=f"0x{result:08x}")


def problems_of(trace: dict) -> List[str]:
    """What is wrong with a trace file, by the format's rules: fields, and slices of a thread inside one another."""
    problems, stacks = [], {}
    for event in trace.get("traceEvents", []):
        if not all(key in event for key in ("ph", "ts", "pid", "tid", "name")):
            problems.append(f"fields are missing: {event}")
        elif event["ph"] not in ("X", "M", "i"):
            problems.append(f"unknown phase: {event}")
        elif event["ph"] == "X":
            if event.get("dur", -1) < 0:
                problems.append(f"no duration: {event}")
                continue
            stack = stacks.setdefault((event["pid"], event["tid"]), [])
            end = event["ts"] + event["dur"]
            while stack and stack[-1] <= event["ts"]:
                stack.pop()
            if stack and end > stack[-1] + 1e-3:
                problems.append(f"ends after the one around it: {event}")
            stack.append(end)
    return problems
