# SPDX-License-Identifier: BSD-2-Clause
"""What trusted apps are promised, checked from the inside by apps of our own (tests/ta/): one machine runs each group of
checks, one line per check. The same program runs on the peer: ./tenon run --tee optee --hypervisor none --overlay
build/tests/ta/overlay --exec 'tatest --peer GROUP'."""
import re

import pytest
from conftest import Boots
from launcher.common import build_dir

GROUPS = ["entry", "params", "memory", "calls", "fp", "fault", "flags", "crash-kept", "image", "nest", "cycle", "system", "libs", "wrapped", "version"]
MACHINE_LIMIT = 200             # seconds for all groups on a busy machine


def lines_of(machine, guest):
    """The lines of each group: {group: [line…]}."""
    log = (machine.config.log_dir / f"{guest}.log").read_text(errors="replace").splitlines()
    found, group = {}, None
    for line in (line.strip() for line in log):
        start = re.match(r"tatest-group (\S+)$", line)
        if start:
            group = start.group(1)
            found[group] = []
        elif group and re.match(r"ok |FAIL |tatest: ", line):
            found[group].append(line)
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """results[group]: the lines of a group, all of which ran in one native guest."""
    overlay = build_dir() / "tests/ta/overlay"
    boots = Boots(tmp_path_factory.mktemp("ta"))
    command = "".join(f"echo tatest-group {group}; tatest {group}\n" for group in GROUPS)
    try:
        machine = boots(guests=1, hypervisor=False, overlay=overlay, commands={"1": command})
        machine.expect(machine.guests["g1"].console, r"TENON-EXIT (\d+)$", MACHINE_LIMIT)
        yield lines_of(machine, "g1")
    finally:
        boots.close()


def check(results, group):
    """A group ran to its end and nothing in it failed."""
    lines = results.get(group, [])
    assert not [line for line in lines if line.startswith("FAIL")]
    assert lines and re.match(r"tatest: [1-9]\d* checks, 0 failures$", lines[-1]), lines[-5:]


def test_entry_ta_039_044_045_046(results):
    """TA-039, TA-042, TA-044, TA-045, TA-046: registers and parameter block at each kind of entry; session numbers."""
    check(results, "entry")


def test_parameters_ta_047_048_055_056_057_058_059(results):
    """TA-047, TA-048, TA-055, TA-056, TA-057, TA-058, TA-059: what goes in, what comes back, what stays mapped."""
    check(results, "params")


def test_memory_ta_035_040_041_064_092(results):
    """TA-023, TA-035, TA-036, TA-040, TA-041, TA-060, TA-064, TA-092, TA-153: the address space seen from the inside."""
    check(results, "memory")


def test_system_calls_ta_060_061_064_065_088_150(results):
    """TA-060, TA-061, TA-064, TA-065, TA-069, TA-071, TA-088, TA-089, TA-090, TA-091, TA-126, TA-150: raw system calls."""
    check(results, "calls")


def test_registers_stay_ta_039_042(results):
    """TA-039, TA-042: V registers and the thread register over system calls, RPCs, and between instances."""
    check(results, "fp")


def test_faults_ta_040_049_050_154(results):
    """TA-040, TA-049, TA-050, TA-154: each kind of fault ends the app that commits it and nobody else."""
    check(results, "fault")


def test_instances_ta_034_050_051_072_073_074_075_076(results):
    """TA-034, TA-050, TA-051, TA-072, TA-073, TA-074, TA-075, TA-076: what the flags of ta_head say about instances."""
    check(results, "flags")


def test_images_ta_003_009_022_027_028_033_151(results):
    """TA-003, TA-009, TA-022, TA-027, TA-028, TA-033, TA-151: files that are taken and files that are refused."""
    check(results, "image")


def test_crashed_and_kept_ta_034(results):
    """TA-034, TA-050: flag bit 13, of apps built for 4.6: what crashed stays dead."""
    check(results, "crash-kept")


def test_apps_that_call_apps_ta_052_053_064_065_067_079_081_082_083_085_086_088_089(results):
    """TA-039, TA-042, TA-050, TA-052, TA-053, TA-064, TA-065, TA-067, TA-076, TA-079, TA-081, TA-082, TA-083, TA-085,
    TA-086, TA-088, TA-089: memory, values, origins, panics, deadlines and depth between apps."""
    check(results, "nest")


def test_circles_ta_078(results):
    """TA-078: apps that open or invoke each other in a circle get BUSY, and live."""
    check(results, "cycle")


def test_service_for_apps_ta_082_084_141_142(results):
    """TA-082, TA-084, TA-141, TA-142: memory by the System PTA, what it refuses, whom it serves."""
    check(results, "system")


def test_libraries_ta_026_030_031_032_037_038_145(results):
    """TA-026, TA-030, TA-031, TA-032, TA-037, TA-038, TA-145: an app of three modules with thread-local data in each."""
    check(results, "libs")


def test_wrapped_images_ta_010_012_014(results):
    """TA-010, TA-012, TA-014: an encrypted app, and one under a subkey, as the kit makes them."""
    check(results, "wrapped")


def test_versions_ta_018(results):
    """TA-018: an older version than the newest that was loaded is refused with ACCESS_CONFLICT, equal and newer are taken."""
    check(results, "version")


@pytest.mark.limit(300)
def test_two_guests_at_the_same_time_ta_018_039_041_042_049_072_078(boot, status_of):
    """TA-018, TA-039, TA-041, TA-042, TA-049, TA-072, TA-074, TA-078: what holds for one guest holds for two at once; neither
    sees the other's instances, memory or versions."""
    command = "tatest entry memory fp fault flags nest cycle && tatest version"
    machine = boot(guests=2, overlay=build_dir() / "tests/ta/overlay", commands={"default": command})
    for guest in ("g1", "g2"):
        assert status_of(machine, guest, 250) == 0
