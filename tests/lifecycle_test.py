# SPDX-License-Identifier: BSD-2-Clause
"""A guest dies at any moment, comes back, and nobody else notices."""
import pytest

LEDGER = "ledger --calls 0 --progress --seed $tenon_guest"
STATES = ["none", "running", "preempted", "rpc:load_ta", "any"]


def free_pages(machine):
    """(host pages, secure pages) that are free; the TEE's cached images count as free, for they go under pressure."""
    stats = machine.stats()
    return stats["pages_free"], stats["tee_pages_free"] + stats["tee_image_pages"]


def test_destroy_and_recreate_in_the_middle_of_calls(boot, status_of, quiet_kernel):
    """I5: when it is gone nothing of it is left, and its number can be used again at once."""
    machine = boot(guests=2, commands={"1": "ledger --calls 1500 --seed 1", "2": LEDGER})
    victim = machine.guests["g2"]
    for _ in range(3):
        machine.expect(victim.console, r"^ledger: \d+", 100)
        machine.run_for(0.3)
        number = victim.number
        machine.destroy(victim)
        assert machine.create(victim) == number, "the smallest free number is the one that just became free"
    assert status_of(machine, "g1", 200) == 0
    quiet_kernel(machine)


@pytest.mark.parametrize("state", STATES)
def test_kill_in_a_state_of_a_call(boot, status_of, quiet_kernel, state):
    """Attack row 33, death in each state: the survivor misses nothing and the pages are back."""
    machine = boot(guests=2, commands={"1": "ledger --calls 800 --seed 1", "2": LEDGER})
    victim = machine.guests["g2"]
    if state != "rpc:load_ta":                  # the ledger loads its app once, at its start
        machine.expect(victim.console, r"^ledger: \d+", 100)
    machine.command(f"kill {victim.number} {state} 100")
    machine.wait(lambda: victim.number is None, 150, "g2 to be killed")  # its boot included
    hit = next(event for _, event in machine.events if event.kind == "killed")
    assert hit.vm == 2, hit.text
    assert status_of(machine, "g1", 200) == 0
    machine.create(victim)
    machine.expect(victim.console, r"^ledger: \d+", 100)
    quiet_kernel(machine)


def test_every_page_comes_back(boot):
    """I1, I5: after each death in the middle of calls the totals of both worlds are what they were."""
    machine = boot(guests=2, commands={"1": "ledger --calls 50 --seed 1 && echo settled && sleep 1000", "2": LEDGER})
    victim = machine.guests["g2"]
    totals = []
    # The survivor's own pages are in the totals: it has to have all that it will ever take.
    machine.expect(machine.guests["g1"].console, r"^settled", 150)
    for _ in range(4):
        machine.expect(victim.console, r"^ledger: \d+", 100)
        assert machine.stats(victim)["tee_pages"] > 0
        machine.destroy(victim)
        totals.append(free_pages(machine))
        machine.create(victim)
    assert len(set(totals)) == 1, totals


def test_wrong_commands_are_refused(boot):
    """The control channel answers nonsense with a reason and goes on."""
    machine = boot(guests=1, commands={"default": "sleep 1000"})
    for command in ("destroy 9", "destroy", "create nowhere", "kill 1 sideways", "kill 200 any", "stats 77", "frobnicate"):
        answer = machine.command(command, check=False)
        assert not answer.ok and answer.value, command
    assert machine.command("list").lines
    assert machine.command("nodes").lines == ["node linux1 cpus 1 memory 262144"]


def test_thirty_lives(boot):
    """A guest that is destroyed while it boots, again and again: pages and numbers come back each time."""
    machine = boot(guests=1, memory=128, commands={"default": "true"})
    guest = machine.guests["g1"]
    for round_number in range(30):
        machine.run_for(0.05 * (round_number % 8))
        machine.destroy(guest)
        assert machine.create(guest) == 1
    machine.destroy(guest)
    assert "vm " not in " ".join(machine.command("list").lines)
