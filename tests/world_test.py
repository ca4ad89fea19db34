# SPDX-License-Identifier: BSD-2-Clause
"""The boundary between the worlds, as only a machine shows it: preemption, V registers, CPUs that come and go, probes."""
import pytest


def run(boot, status_of, command, seconds=150, **description):
    """One native guest that runs command; its status has to be 0. Returns the machine."""
    description.setdefault("hypervisor", False)
    machine = boot(guests=1, commands={"1": command}, **description)
    assert status_of(machine, "g1", seconds) == 0
    return machine


def test_long_calls_are_preempted_and_come_back_bit_exact(boot, status_of, quiet_kernel):
    """NW-042, NW-043, NW-211, TA-042: apps that compute with SIMD for long, on both CPUs, beside a client that does too."""
    command = ("linger --mode busy --ms 400 --calls 10 & a=$!; taskset 2 linger --mode busy --ms 300 --calls 10 & b=$!; "
               "ledger --calls 100 --seed 5 || exit 1; wait $a || exit 1; wait $b")
    quiet_kernel(run(boot, status_of, command))


def test_the_clock_goes_on_while_an_app_computes_for_seconds(boot, status_of, quiet_kernel):
    """NW-222: TF-A 2.12 stops the normal world's EL1 timers meanwhile; Linux must not notice."""
    command = ("for cpu in 1 2; do taskset $cpu linger --mode busy --ms 4000 --calls 1 & p=\"$p $!\"; done; "
               "before=$(date +%s); sleep 2; after=$(date +%s); for i in $p; do wait $i || exit 1; done; "
               "test $((after - before)) -le 4 && ! dmesg | grep -iE 'stall|lockup'")
    quiet_kernel(run(boot, status_of, command))


def test_cpus_go_off_and_on_between_and_during_calls(boot, status_of, quiet_kernel):
    """NW-037, NW-207, NW-208, NW-221: calls go on elsewhere when their CPU goes off."""
    command = ("linger --mix 3 --ms 20 --calls 100 & p=$!; for i in 1 2 3 4 5; do "
               "echo 0 > /sys/devices/system/cpu/cpu1/online && ledger --calls 5 --seed $i && "
               "echo 1 > /sys/devices/system/cpu/cpu1/online && taskset 2 ledger --calls 5 --seed $i || exit 1; done; wait $p")
    quiet_kernel(run(boot, status_of, command))


def test_linux_finds_the_random_number_service(boot, status_of):
    """NW-146, NW-147, NW-148: enumeration names it before tee-supplicant runs."""
    run(boot, status_of, "ls -d /sys/bus/tee/devices/optee-ta-ab7a617c-b8e7-4d8f-8301-d09b61036b64")


def test_clients_that_die_inside_a_call_take_nothing_with_them(boot, status_of, quiet_kernel):
    """NW-105, attack row 38: clients are killed at all times, and the supplicant, which stock Linux tells of a client's
    death by an error that it exits on, comes and goes; afterwards everything works."""
    command = ("kill $(pidof tee-supplicant); (while :; do tee-supplicant 2>/dev/null; sleep 0.1; done) & "
               "for i in $(seq 20); do linger --mix $i --ms 30 --calls 50 & p=$!; sleep 0.1; kill -9 $p; wait $p; done; "
               "ledger --calls 100 --seed 9")
    quiet_kernel(run(boot, status_of, command))


@pytest.mark.parametrize("mode", ["panic", "fault", "alloc", "time", "wait", "lock"])
def test_an_app_that_misbehaves_ends_alone(boot, status_of, mode):
    """TA-049, TA-050, TA-089, TA-090, TA-154: as a guest of the hypervisor, too."""
    run(boot, status_of, f"linger --mode {mode} --calls 5 && ledger --calls 20", hypervisor=mode in ("panic", "time"))


def test_power_off_with_calls_inside(boot, quiet_kernel):
    """NW-215: the machine goes down at once."""
    machine = boot(guests=1, hypervisor=False, commands={"1": "linger --mode busy --ms 60000 --calls 1 & sleep 1; poweroff -f"})
    machine.expect(machine.guests["g1"].console, r"Power down", 90)
    quiet_kernel(machine)
