# SPDX-License-Identifier: BSD-2-Clause
"""I7, measured: how long the kernel keeps foreign interrupts masked, and what a destruction takes (tools/irqoff/)."""
import pytest
from conftest import REPO  # noqa: F401 - puts tools/ on the path
from irqoff import workloads
from irqoff.windows import BOUND, Windows
from launcher.images import find_image

KERNEL = "tenon-windows"
# Each way to begin and each way to end a window, but for what one CPU never does: power events.
STARTS = {"fast", "create", "destroy", "call", "resume", "syscall", "fault", "stopped", "masked", "preempted", "vectors", "poll", "unmap"}
ENDS = {"answer", "rpc", "interrupt", "app", "bracket", "poll"}
SIZES = [{"instances": 2, "sessions": 8, "buffers": 4, "pages": 64}, {"instances": 6, "sessions": 64, "buffers": 32, "pages": 64},
         {"instances": 20, "sessions": 600, "buffers": 8, "pages": 2300}]
DEAD = {"dead": 400, "instances": 2, "sessions": 16}


@pytest.fixture
def meter(tmp_path):
    """Boots the measuring kernel; shows its table when the test fails."""
    found = workloads.Meter(tmp_path, f"{KERNEL}.bin", 200)
    yield found
    print("\n".join(found.windows.table(find_image(f"{KERNEL}.elf"))))


def fits(windows):
    """Nothing that was asked for is longer than the bound."""
    bad = {kind: windows.longest[kind].instructions for kind in windows.too_long()}
    assert not bad, bad


def test_a_window_with_more_than_the_bound_is_found():
    """The line as the kernel prints it, one tick below and one above."""
    for ticks, expected in ((BOUND // 16, []), (BOUND // 16 + 1, [("call", "poll")])):
        windows = Windows()
        windows.take_line(f"window: {ticks} ticks, call to poll, 0x32000004, from ffffff800e100010<ffffff800e100020 to ffffff800e100030")
        windows.take_line("window: 3 ticks, call to poll, 0x0, from  to ")
        assert windows.too_long() == expected
        assert windows.longest["call", "poll"].begin == [0xFFFFFF800E100010, 0xFFFFFF800E100020]


@pytest.mark.limit(400)
def test_masked_windows_stay_within_the_bound(meter):
    """I7: guests with much of everything are destroyed, one lies, Linux runs apps that fault, map, unmap and compute."""
    workloads.hoards(meter, SIZES)
    workloads.mixture(meter, calls=30)
    workloads.apps(meter, ["system"])
    fits(meter.windows)
    assert STARTS <= {start for start, _ in meter.windows.longest}
    assert ENDS <= {end for _, end in meter.windows.longest}
    # A kind that takes no time was not measured.
    assert min(meter.windows.starts()[start] for start in STARTS) > 0
    assert max(window.instructions for window in meter.windows.longest.values()) > BOUND // 10


@pytest.mark.limit(400)
def test_windows_of_crowded_guests_stay_within_the_bound(meter):
    """I7: apps that many share, that wait and that died; as many buffers as there can be; no memory."""
    workloads.hoards(meter, [DEAD])
    workloads.herd(meter, 16)
    workloads.waiters(meter, 4, 50)
    workloads.shortage(meter)
    workloads.look_ups(meter)
    fits(meter.windows)
    assert max(window.instructions for window in meter.windows.longest.values()) > BOUND // 3


@pytest.mark.limit(400)
def test_windows_of_greedy_apps_stay_within_the_bound(meter):
    """I7: apps with as much as they can have of everything, and files that are as long to load as they can be."""
    workloads.much(meter)
    workloads.crafted(meter)
    fits(meter.windows)
    assert max(window.instructions for window in meter.windows.longest.values()) > BOUND // 3


@pytest.mark.limit(400)
def test_destruction_is_in_proportion_to_what_the_guest_had(meter):
    """Instructions for each page and object differ by less than three among guests of very different sizes."""
    workloads.hoards(meter, SIZES)
    cost = [death.per_thing for death in meter.windows.deaths if death.had["pages"] > 100]
    assert len(cost) == len(SIZES)
    assert max(cost) < 3 * min(cost), cost
    assert all(death.longest <= BOUND for death in meter.windows.deaths)


@pytest.mark.long
@pytest.mark.limit(3000)
@pytest.mark.parametrize("kernel", ["tenon-windows", "tenon-windows-plain"])
def test_every_workload_stays_within_the_bound(tmp_path, kernel):
    """What `make irqoff` runs, on CPUs with and without instructions for SHA-256."""
    for name, work in workloads.WORKLOADS.items():
        meter = workloads.Meter(tmp_path / name, f"{kernel}.bin", 900)
        work(meter)
        print(name, meter.windows.starts())
        fits(meter.windows)
