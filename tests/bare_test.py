# SPDX-License-Identifier: BSD-2-Clause
"""The bare-metal test guest: it speaks the ABI by itself, boots in milliseconds, and can lie."""
import random

import pytest

KINDS = ["none", "running", "preempted", "rpc:alloc", "rpc:free", "rpc:load_ta", "rpc:shm_alloc", "rpc:shm_free",
         "rpc:get_time", "rpc:suspend", "rpc:notification"]


def passed(machine, name, seconds):
    """Wait for the guest's verdict."""
    found = machine.expect(machine.guests[name].console, r"guest: (PASS|FAIL)(.*)", seconds)
    assert found.group(1) == "PASS", found.group(0)


@pytest.mark.parametrize("profile", ["a", "b"])
def test_once_natively(boot, quiet_kernel, profile):
    """Every call of the ABI once, right above the firmware, in each of its two profiles."""
    machine = boot(bare=[("bare1", f"mode=once native=1 profile={profile}")], hypervisor=False)
    passed(machine, "bare1", 60)
    quiet_kernel(machine)


def test_a_storm_of_wrong_calls_natively(boot, quiet_kernel):
    """I8, attack row 35 and the hostile rows of the ABI's annex: an error for each lie, never a crash."""
    machine = boot(bare=[("bare1", "mode=storm native=1 seed=1 calls=2000")], hypervisor=False)
    passed(machine, "bare1", 150)
    quiet_kernel(machine)


def test_storms_beside_an_honest_guest(boot, status_of, quiet_kernel):
    """Three guests lie while a Linux guest works: it gets every answer right."""
    storms = [(f"bare{n}", f"mode=storm seed={n} calls=1500") for n in (1, 2, 3)]
    machine = boot(guests=1, commands={"1": "ledger --calls 500 --seed 5"}, bare=storms)
    for name, *_ in storms:
        passed(machine, name, 200)
    assert status_of(machine, "g1", 200) == 0
    quiet_kernel(machine)


def test_death_in_each_state_of_a_call(boot, quiet_kernel):
    """A guest is destroyed in exactly the state that was asked for, and every page of both worlds comes back."""
    machine = boot(bare=[(kind.replace(":", "-").replace("_", "-"), f"mode=linger kind={kind} hold=1000", True) for kind in KINDS])
    dice, totals = random.Random(1), []
    for _ in range(3):
        for kind in KINDS:
            guest = machine.guests[kind.replace(":", "-").replace("_", "-")]
            machine.create(guest)
            machine.expect(guest.console, r"linger: ready", 20)
            machine.command(f"kill {guest.number} {kind} {dice.randrange(300)}")
            machine.wait(lambda victim=guest: victim.number is None, 30, f"death in {kind}")
            hit = next(event for _, event in reversed(machine.events) if event.kind == "killed")
            print(f"asked for {kind}: {hit.text}")
            stats = machine.stats()
            totals.append((stats["pages_free"], stats["tee_pages_free"] + stats["tee_image_pages"]))
    host, secure = zip(*totals)
    assert len(set(secure)) == 1, secure
    assert len(set(host[len(KINDS):])) == 1, host       # the hypervisor's heap keeps a page that it needed once
    quiet_kernel(machine)


def test_guests_come_and_go(boot, quiet_kernel):
    """Two hundred lives of sixteen nodes, at most twelve at a time, in a seeded order."""
    names = [f"bare{n}" for n in range(16)]
    machine = boot(bare=[(name, f"mode=once seed={n} calls=30", True) for n, name in enumerate(names)])
    dice = random.Random(7)
    before = machine.stats()["pages_free"]
    for _ in range(200):
        living = [guest for guest in machine.guests.values() if guest.number is not None]
        dead = [guest for guest in machine.guests.values() if guest.number is None]
        if len(living) >= 12 or (living and dice.random() < 0.5):
            machine.destroy(dice.choice(living))
        else:
            machine.create(dice.choice(dead))
    for guest in machine.guests.values():
        if guest.number is not None:
            machine.destroy(guest)
    assert machine.stats()["pages_free"] == before
    failed = [name for name in names if machine.guests[name].console.find(r"guest: FAIL")]
    assert not failed
    quiet_kernel(machine)
