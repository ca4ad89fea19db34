# SPDX-License-Identifier: BSD-2-Clause
"""An app that dies leaves a report on the secure console, and `tenon symbolize` says where it happened."""
import re
import subprocess

from conftest import REPO

LINGER = "7e0b3c5a-0002-4b8e-a2f6-6c696e676572"


def symbolized(log, *options):
    """What the command makes of a log, by lines."""
    done = subprocess.run([str(REPO / "tenon"), "symbolize", *options, str(log)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def reports_of(lines, guest):
    """The reports of a guest's apps, each a list of lines."""
    found = []
    for line in lines:
        if re.match(rf"{guest}: TA [0-9a-f-]+ session \d+: ", line):
            found.append([])
        if found and line.startswith((f"{guest}: TA ", f"{guest}:   ")):
            found[-1].append(line)
    return found


def test_a_panic_and_faults_are_reported_and_get_names(boot, status_of):
    """TA-049, TA-154: guest, app, session, registers, files and calls; names of the functions that died."""
    machine = boot(guests=2, commands={"1": "linger --mode panic --calls 1", "2": "linger --mode fault --calls 3"})
    for name in ("g1", "g2"):
        assert status_of(machine, name, 150) == 0
    lines = symbolized(machine.config.log_dir / "secure.log")
    (panic,) = reports_of(lines, "g1")
    assert re.match(rf"g1: TA {LINGER} session \d+: panic 0x", panic[0])
    text = "\n".join(panic)
    assert re.search(r"^g1:   x0  [0-9a-f]{16}  x1  [0-9a-f]{16}", text, re.M)
    assert re.search(rf"^g1:   module {LINGER} at 0x[0-9a-f]+, 0x[0-9a-f]+ bytes$", text, re.M)
    assert re.search(rf"^g1:   pc   {LINGER}\+0x[0-9a-f]+ __utee_panic$", text, re.M)
    assert re.search(r"^g1:   call .* TA_InvokeCommandEntryPoint at linger_ta.c:\d+", text, re.M)
    faults = reports_of(lines, "g2")
    assert len(faults) == 3
    for report in faults:
        assert re.search(r", esr 0x[0-9a-f]+ far 0x[0-9a-f]+$", report[0])
        assert re.search(r"(fault_commit|use_stack|execute_data) at fault.c:\d+", "\n".join(report))


def test_places_get_names_and_everything_else_stays(tmp_path):
    """Lines without a place, places of unknown apps, and text that is not a place are left as they are."""
    log = tmp_path / "log"
    unknown = "00000000-1111-2222-3333-444444444444+0x10"
    log.write_text(f"tee: nothing\ng3:   call {unknown}\ng3:   call {LINGER}+0x7fffffff\n{LINGER}\n")
    assert symbolized(log) == ["tee: nothing", f"g3:   call {unknown}", f"g3:   call {LINGER}+0x7fffffff", LINGER]


def test_files_that_are_no_apps_are_refused(tmp_path):
    """The reason and the next step are said."""
    other = tmp_path / "hello.elf"
    other.write_bytes(b"\x7fELF")
    for given, reason in ((other, "for which app?"), (tmp_path / "absent", "there is no such")):
        done = subprocess.run([str(REPO / "tenon"), "symbolize", "--elf", str(given)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        assert done.returncode == 1 and reason in done.stderr
