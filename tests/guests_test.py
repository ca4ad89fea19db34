# SPDX-License-Identifier: BSD-2-Clause
"""Several unmodified Linux guests share one trusted world under the reference hypervisor."""
import pytest


@pytest.mark.parametrize("count", [1, 3])
def test_guests_run_the_ledger_at_the_same_time(boot, status_of, quiet_kernel, count):
    """Each guest has its own sessions, buffers and instances, and every answer is its own (I2)."""
    machine = boot(guests=count, commands={"default": "ledger --calls 200 --seed $tenon_guest"})
    for name in machine.guests:
        assert status_of(machine, name, 200) == 0, name
    quiet_kernel(machine)


def test_a_guest_with_two_vcpus(boot, status_of, quiet_kernel):
    """More vCPUs than CPUs: time slices, and calls that resume on another vCPU."""
    commands = {"default": "test $(nproc) = 2 && (ledger --calls 100 --seed 1 & ledger --calls 100 --seed 2; s=$?; wait; exit $s)"}
    machine = boot(guests=2, vcpus=2, cpus=2, commands=commands)
    for name in machine.guests:
        assert status_of(machine, name, 200) == 0, name
    quiet_kernel(machine)


def test_a_guest_powers_off_and_the_others_go_on(boot, status_of):
    """PSCI SYSTEM_OFF of one VM is an event, not the machine's end."""
    machine = boot(guests=2, commands={"1": "true", "2": "sleep 8; ledger --calls 20 --seed 1"})
    assert status_of(machine, "g1", 100) == 0
    machine.wait(lambda: machine.guests["g1"].state == "off", 20, "g1 to be off")
    assert status_of(machine, "g2", 120) == 0


def test_a_small_guest_is_enough(boot, status_of):
    """128 MiB, as eight guests of the demo have."""
    machine = boot(guests=2, memory=128, commands={"default": "ledger --calls 50 --seed 1"})
    for name in machine.guests:
        assert status_of(machine, name, 120) == 0, name


def test_a_limit_of_pages_binds_its_guest_only(boot, status_of, quiet_kernel):
    """Budgets: a guest whose limit is too small gets out-of-memory, never more; no one else notices."""
    machine = boot(guests=2, commands={"1": "ledger --calls 50 --seed 1; test $? != 0", "2": "ledger --calls 50 --seed 1"},
                   adjust=lambda config: config.guests[0].numbers.update({"limit-pages": 16}))
    assert status_of(machine, "g1", 120) == 0
    assert status_of(machine, "g2", 120) == 0
    quiet_kernel(machine)
