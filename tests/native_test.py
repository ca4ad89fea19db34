# SPDX-License-Identifier: BSD-2-Clause
"""Tenon without a hypervisor: Linux directly above the firmware is guest 0."""
import pytest


def test_linux_finds_the_tee_and_runs_the_ledger(boot, status_of, quiet_kernel):
    """NW-001 and what follows: probe, dynamic shared memory, sessions, calls with checked answers."""
    machine = boot(guests=1, hypervisor=False, commands={"1": "dmesg | grep optee; ledger --calls 200 --seed 1"})
    console = machine.guests["g1"].console
    machine.expect(console, r"optee: dynamic shared memory is enabled", 60)
    machine.expect(console, r"optee: initialized driver", 10)
    assert status_of(machine, "g1", 120) == 0
    quiet_kernel(machine)


def test_a_call_on_every_cpu(boot, status_of, quiet_kernel):
    """All CPUs enter the secure world; calls of one client resume on another CPU."""
    commands = {"1": "test $(nproc) = 2 && taskset 1 ledger --calls 50 --seed 2 && taskset 2 ledger --calls 50 --seed 3"}
    machine = boot(guests=1, hypervisor=False, cpus=2, commands=commands)
    assert status_of(machine, "g1", 120) == 0
    quiet_kernel(machine)


def test_clients_at_the_same_time(boot, status_of, quiet_kernel):
    """Four clients of one guest on two CPUs: calls interleave, each checks every result."""
    script = "for seed in 1 2 3 4; do ledger --calls 100 --seed $seed & pids=\"$pids $!\"; done\n" \
             "for pid in $pids; do wait $pid || exit 1; done"
    machine = boot(guests=1, hypervisor=False, commands={"1": script})
    assert status_of(machine, "g1", 180) == 0
    quiet_kernel(machine)


@pytest.mark.parametrize("model", ["cortex-a57", "cortex-a72", "max,pauth-impdef=on"])
def test_cpu_models(boot, status_of, model):
    """The same image runs on CPUs of different generations, with and without RNDR, PAN and large ASIDs."""
    machine = boot(guests=1, hypervisor=False, commands={"1": "ledger --calls 20 --seed 1"},
                   adjust=lambda config: setattr(config, "cpu_model", model))
    assert status_of(machine, "g1", 200) == 0
