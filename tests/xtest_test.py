# SPDX-License-Identifier: BSD-2-Clause
"""Debian's xtest and its trusted apps, which nobody here wrote, on Tenon: alone, and in four guests at the same time."""
import pytest
from conftest import REPO  # noqa: F401 - puts tools/ on the path
from conformance import table
from conformance.four import FourGuests


def judged(name, results):
    """Fails unless each case of the list ran, none failed, and only those skipped that may."""
    problems = table.problems_of({name: results})
    assert not problems, problems


@pytest.mark.limit(600)
def test_the_list_natively():
    """TA-031, TA-032, TA-037, TA-043, TA-048 .. TA-054, TA-057, TA-070, TA-073, TA-075 .. TA-077, TA-085, TA-086,
    TA-089 .. TA-091, TA-140, TA-145 .. TA-147: 64 cases of xtest."""
    results = table.run_native("tenon")
    table.save("tenon", results)
    judged("tenon", results)


@pytest.mark.long
@pytest.mark.limit(1200)
def test_the_list_in_four_guests_while_a_fifth_comes_and_goes(tmp_path):
    """The same list in each of four guests with 2.5 MiB reserved, on two CPUs; a bare-metal guest lives a second at a time."""
    machine = FourGuests(tmp_path, table.XTEST)
    machine.run(seconds=1150, on_line=lambda name, line: print(f"{name}: {line}"))
    table.save("four", machine.worst())
    for name, summary in machine.summaries.items():
        judged(name, summary.results)
        assert machine.status.get(name) == 0, name
    assert machine.lives > 10


FIFTY = "i=0; while [ $i -lt 50 ]; do xtest -t regression regression_{0} >/tmp/out 2>&1 || {{ cat /tmp/out; exit 1; }}; " \
        "i=$((i+1)); echo round $i; done; grep -q 'regression_{0} OK' /tmp/out"


@pytest.mark.long
@pytest.mark.limit(3600)
@pytest.mark.parametrize("case", ["1013", "1040"])
def test_fifty_times_in_a_row(boot, status_of, quiet_kernel, case):
    """TA-043, TA-054, TA-077: concurrent work, and opening, panicking and closing at the same time, again and again."""
    machine = boot(guests=1, hypervisor=False, xtest=True, commands={"1": FIFTY.format(case)})
    assert status_of(machine, "g1", 3500) == 0
    quiet_kernel(machine)
