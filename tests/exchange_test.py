# SPDX-License-Identifier: BSD-2-Clause
"""A trusted app that two Linux guests share: they exchange messages, wait for each other, and one outlives the other."""
import re

import pytest

GO = "(sleep 1; exchange put go) & "        # says that the lock is held, or soon will be


def test_guests_exchange_a_message_and_wait_for_each_other(boot, status_of, quiet_kernel):
    """The mailbox says which guest a message is from; a lock that one guest holds makes the other wait."""
    machine = boot(guests=2, commands={"1": GO + "exchange beat 40 50; wait", "2": "exchange get && exchange follow 20 50"})
    console = machine.guests["g2"].console
    machine.expect(console, r"^exchange: from [0-9a-f-]{36}: go", 150)
    waits = machine.expect(console, r"^exchange: (\d+) waits, median", 100).group(1)
    assert int(waits) >= 10
    for name in machine.guests:
        assert status_of(machine, name, 100) == 0, name
    quiet_kernel(machine)


WANDER = ("n=$(awk '/optee/ {sub(\":\", \"\", $1); print $1}' /proc/interrupts); "
          "(while :; do for c in 1 2; do echo $c > /proc/irq/$n/smp_affinity; done; done) & ")


def test_an_interrupt_that_is_routed_anew_while_it_is_handled(boot, status_of, quiet_kernel):
    """Linux may route the TEE's interrupt to another vCPU at any moment; each wake-up still comes."""
    machine = boot(guests=2, vcpus=2, cpus=2, commands={
        "1": GO + "exchange beat 100000 20", "2": WANDER + "exchange get && exchange follow 80 20; s=$?; kill $!; "
        "grep optee /proc/interrupts; exit $s"})
    line = machine.expect(machine.guests["g2"].console, r"optee_notification$", 200).string
    assert sum(int(count) for count in line.split()[1:3]) >= 72, line    # what is lost, a time-out makes up for
    assert status_of(machine, "g2", 100) == 0
    quiet_kernel(machine)


def test_a_lock_whose_holder_is_destroyed_goes_to_the_waiter(boot, status_of, quiet_kernel):
    """I3: the waiter is woken, gets the lock, and is told; the machine goes on with a new guest in the place of the first."""
    machine = boot(guests=2, commands={"1": GO + "exchange hold 1000", "2": "exchange get && exchange lock"})
    holder, waiter = machine.guests["g1"], machine.guests["g2"]
    machine.expect(holder.console, r"^exchange: holding", 150)
    machine.expect(waiter.console, r"^exchange: from .*: go", 150)
    machine.run_for(2)                      # it waits now
    machine.destroy(holder)
    machine.expect(waiter.console, r"^exchange: locked, the holder died", 60)
    assert status_of(machine, "g2", 60) == 0
    machine.create(holder)
    machine.expect(holder.console, r"^exchange: holding", 150)
    quiet_kernel(machine)


@pytest.mark.long
@pytest.mark.limit(900)
@pytest.mark.parametrize("busy", [False, True], ids=["alone", "beside a guest that spins"])
def test_how_long_a_wake_up_takes(boot, status_of, busy):
    """From one guest's release to the other's resume, in instructions: docs/performance.md has the figures."""
    commands = {"1": GO + "exchange beat 250 30", "2": "exchange get && exchange follow 100 30", "3": "while :; do :; done"}
    machine = boot(guests=3 if busy else 2, icount=True, commands=commands)
    line = machine.expect(machine.guests["g2"].console, r"^exchange: (\d+) waits, median (\d+) ns", 800)
    print(line.group(0))
    assert int(line.group(1)) == 100
    assert re.match(r"\d+", line.group(2))
