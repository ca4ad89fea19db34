# SPDX-License-Identifier: BSD-2-Clause
"""What one can see of the secure world: the table of `tenon top`, the trace and its pictures."""
import json
import re
import xml.etree.ElementTree as ElementTree

import pytest
from launcher import trace as tr
from launcher.picture import Picture, find_start, slices_of
from launcher.recorder import Recorder
from launcher.top import Table


def record(ticks, event, values=(), guest=1, call=0, cpu=0):
    """A record with what matters."""
    a, b, c, d = (*values, 0, 0, 0, 0)[:4]
    return tr.Record(ticks, guest, event, cpu, call, (a, b, c, d))


# An open of guest 1 that loads its app, on two CPUs, and a call of guest 2 meanwhile.
STORY = [
    record(100, tr.CALL_ENTER), record(110, tr.COMMAND, (0,)), record(120, tr.RPC, (0,)), record(130, tr.CALL_LEAVE, (1, 0xFFFF0005)),
    record(140, tr.CALL_ENTER, guest=2), record(150, tr.COMMAND, (1, 5, 9), guest=2),
    record(160, tr.APP_ENTER, (2, 5, 9, 0xABCD), guest=2), record(170, tr.SYSCALL, (33, 0, 5), guest=2),
    record(175, tr.CALL_LEAVE, (2, 0xFFFF0004), guest=2), record(180, tr.CALL_ENTER, (1,), cpu=1),
    record(185, tr.CALL_ENTER, (1,), guest=2), record(190, tr.APP_LEAVE, (1, 0), guest=2), record(195, tr.CALL_LEAVE, guest=2),
    record(200, tr.SESSION_OPEN, (7, 0), cpu=1), record(210, tr.CALL_LEAVE, cpu=1), record(215, tr.REFUSED, (0,), call=tr.NO_CALL),
    record(220, tr.GUEST_DESTROYED, guest=2, call=tr.NO_CALL)]


def names(trace, pid):
    """The slices of a guest, in order."""
    return [event["name"] for event in slices_of(trace) if event["pid"] == pid]


def test_records_become_slices_inside_one_another():
    trace = tr.Converter(1000000).convert(reversed(STORY))
    assert tr.problems_of(trace) == []
    assert names(trace, 1) == ["open session", "RPC load app"]
    assert names(trace, 2) == ["invoke", "app 0000abcd: invoke", "syscall random", "preempted"]
    assert names(trace, tr.CPUS) == ["guest 1", "guest 2", "guest 1", "guest 2"]
    load = next(event for event in slices_of(trace) if event["name"] == "RPC load app")
    assert (load["ts"], load["dur"]) == (30, 50)
    others = [event["name"] for event in trace["traceEvents"] if event["ph"] == "i"]
    assert others == ["session opened", "refused: pages", "guest destroyed"]


@pytest.mark.parametrize("missing", range(len(STORY)))
def test_a_record_that_was_lost_leaves_a_trace_that_holds(missing):
    trace = tr.Converter(1000000).convert(STORY[:missing] + STORY[missing + 1:])
    assert tr.problems_of(trace) == []


def test_a_slice_that_crosses_another_is_found():
    crossed = [{"ph": "X", "ts": 0, "dur": 5, "pid": 1, "tid": 1, "name": "a"},
               {"ph": "X", "ts": 2, "dur": 5, "pid": 1, "tid": 1, "name": "b"}]
    assert tr.problems_of({"traceEvents": crossed})
    assert tr.problems_of({"traceEvents": [{"ph": "X", "ts": 0}]})


def test_lines_of_the_hypervisor_are_read_and_others_are_not():
    found = tr.parse_line("trace 1f.2.6.1.0.a.b.c.d 20.1.1.0.ffff.0.0.0.0")
    assert found[0] == tr.Record(31, 2, tr.RPC, 1, 0, (10, 11, 12, 13))
    assert found[1].call == tr.NO_CALL
    assert not tr.parse_line("event: trace 1.2.3.4.5.6.7.8.9")
    assert not tr.parse_line("trace x.y 1.2")


def test_a_picture_has_a_row_for_each_thread():
    trace = tr.Converter(1000000).convert(STORY)
    svg = ElementTree.fromstring(Picture(trace, find_start(slices_of(trace), 200), 200).draw())
    words = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"guest 1", "guest 2", "CPUs in the secure world", "call 0", "CPU 0", "CPU 1"} <= set(words)


def test_two_guests_are_seen_in_table_and_trace(boot, status_of, tmp_path):
    """Counters move, rates come out of them, and each guest's calls are in the trace under its own name."""
    machine = boot(guests=2, commands={"default": "ledger --calls 300 --seed $tenon_guest"})
    recorder, table = Recorder(machine), Table(machine, "callrate")
    seen = {name: {} for name in machine.guests}
    moving = ("pages", "peak", "sessions", "instances", "shm", "cpu", "callrate", "limit")

    def look():
        recorder.poll()
        for row in table.take():
            best = seen[row["guest"]]
            best.update({key: max(best.get(key, 0), row[key]) for key in moving})
        return all(guest.state != "running" for guest in machine.guests.values())

    machine.wait(look, 200, "both guests to end")
    recorder.finish()
    for name in machine.guests:
        assert status_of(machine, name, 5) == 0
        assert all(seen[name][key] > 0 for key in moving), seen[name]
        assert seen[name]["peak"] >= seen[name]["pages"]
    assert [line.split()[0] for line in table.lines(table.take())[1:]][0] == "GUEST"
    recorder.save(tmp_path / "trace.json")
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert tr.problems_of(trace) == []
    for number in (1, 2):
        assert any("invoke" in name for name in names(trace, number)), names(trace, number)[:20]
    assert {event["pid"] for event in slices_of(trace)} == {1, 2, tr.CPUS}


def test_a_privileged_guest_sees_the_others(boot, status_of, quiet_kernel):
    """A guest that the hypervisor made privileged has the figures of all; another one only its own."""
    look = "ledger --calls 50 --seed $tenon_guest && sleep 4 && figures"
    machine = boot(guests=2, commands={"default": look}, adjust=lambda config: config.guests[0].numbers.update({"privileged": 1}))
    lines = {name: [] for name in machine.guests}
    for name, guest in machine.guests.items():
        guest.console.on_line.append(lines[name].append)
    for name in machine.guests:
        assert status_of(machine, name, 120) == 0
    shown = {name: [int(line.split()[0]) for line in of if re.match(r"\d+( +\d+){11}", line)] for name, of in lines.items()}
    assert len(shown["g1"]) == 3 and shown["g1"][0] == 0, lines["g1"][-8:]      # the hypervisor, then both
    assert shown["g2"] == shown["g1"][2:], lines["g2"][-8:]
    assert any(line.startswith("machine: ") for line in lines["g1"])
    assert not any(line.startswith("machine: ") for line in lines["g2"])
    quiet_kernel(machine)
