# SPDX-License-Identifier: BSD-2-Clause
"""Guests share the machine: many of them at once, and greedy ones."""
import statistics
import time

import pytest

BARE = 62           # bare-metal test guests; two Linux guests make it 64
SLOW_LEDGER = "ledger --calls 0 --pause 20 --max 4096 --reopen 0 --progress --seed $tenon_guest"


def free_secure_pages(machine):
    """Cached images count as free, for they go under pressure."""
    stats = machine.stats()
    return stats["tee_pages_free"] + stats["tee_image_pages"]


def all_manual_and_small(config):
    """Every guest waits to be created; 62 of 16 MiB would be a GiB of the host."""
    for guest in config.guests:
        guest.manual = True
        guest.memory = 4 if guest.name.startswith("bare") else 128


def milliseconds(action, guests):
    """Medians for the first and the last quarter of the guests of what the action takes."""
    times = []
    for guest in guests:
        start = time.monotonic()
        action(guest)
        times.append(1000 * (time.monotonic() - start))
    quarter = len(times) // 4
    return statistics.median(times[:quarter]), statistics.median(times[-quarter:])


def invoke_from_all(machine, guests, number):
    """The number-th call of the ledger from each, all at the same time; each answer is checked by its guest."""
    for guest in guests:
        machine.write(guest, b"i")
    for guest in guests:
        machine.expect(guest.console, rf"crowd: call {number} right", 100)


@pytest.mark.limit(580)
def test_sixty_four_guests(boot, quiet_kernel):
    """I1, I5: 64 guests in 15 MiB of secure RAM, each with a session to the ledger (40 KiB of heap). All are served, half of
    them die in the middle, and in the end every page is back."""
    names = [f"bare{n}" for n in range(BARE)]
    machine = boot(guests=2, commands={"default": SLOW_LEDGER}, adjust=all_manual_and_small,
                   bare=[(name, f"mode=crowd seed={n}", True) for n, name in enumerate(names)])
    linux, bare = [machine.guests["g1"], machine.guests["g2"]], [machine.guests[name] for name in names]
    before = free_secure_pages(machine)
    for guest in linux:
        machine.create(guest)
    for guest in linux:
        machine.expect(guest.console, r"^ledger: \d+", 150)
    for guest in bare:
        machine.create(guest)
    for guest in bare:
        machine.expect(guest.console, "crowd: ready", 150)
    stats = machine.stats()
    costs = [machine.stats(guest)["tee_pages"] for guest in bare]
    print(f"64 guests: {stats}; charged to one with a session: {min(costs)}..{max(costs)} pages")
    print(f"free pages per guest with a session: {(before - free_secure_pages(machine)) / 64:.1f}")
    assert stats["tee_guests"] == 65    # guest 0, the hypervisor's, is one of them
    assert all(machine.stats(guest)["tee_sessions"] >= 1 for guest in [*linux, *bare])
    invoke_from_all(machine, bare, 1)
    for guest in [linux[0], *bare[::2]]:
        machine.destroy(guest)
    assert machine.stats()["tee_guests"] == 33
    invoke_from_all(machine, bare[1::2], 2)
    machine.expect(linux[1].console, r"^ledger: \d+", 100)
    for guest in [linux[1], *bare[1::2]]:
        machine.destroy(guest)
    assert machine.stats()["tee_guests"] == 1
    assert free_secure_pages(machine) == before
    quiet_kernel(machine)


@pytest.mark.limit(400)
def test_making_and_unmaking_a_guest_does_not_slow_with_their_number(boot, quiet_kernel):
    """The last of 64 takes no longer than the first; a guest that has called and is idle keeps a few pages."""
    names = [f"bare{n}" for n in range(BARE)]
    machine = boot(bare=[(name, "mode=sleep profile=b", True) for name in names], adjust=all_manual_and_small)
    guests = [machine.guests[name] for name in names]

    def make(guest):
        machine.create(guest)
        machine.expect(guest.console, "sleep: ready", 30)

    for guest in guests[:16]:   # what QEMU has not translated yet is slow
        make(guest)
        machine.destroy(guest)
    before = free_secure_pages(machine)
    made = milliseconds(make, guests)
    idle = [machine.stats(guest)["tee_pages"] for guest in guests]
    unmade = milliseconds(machine.destroy, guests)
    print(f"ms to make the first and the last sixteen: {made}; to unmake: {unmade}; pages of an idle one: {min(idle)}..{max(idle)}")
    assert free_secure_pages(machine) == before
    for first, last in (made, unmade):
        assert last < 2 * first + 50 and first < 2 * last + 50
    quiet_kernel(machine)


# --- one takes all that it can get, another works --------------------------------------------------------------------

PHASES = {"m": ("memory", r"(\d+) instances, then ffff000c"), "r": ("shared memory", r"(\d+) shared pages, then ffff000c"),
          "c": ("calls", r"(\d+) calls, then [16]"),
          "o": ("sessions", r"(\d+) sessions, then ffff000c"), "t": ("time", r"(\d+) ms of computing at a time"),
          "n": ("interrupts", r"(\d+) rings at a time")}


def pace(machine, victim, seconds):
    """Calls per second of the victim's own clock, over so many of its seconds."""
    victim.console.forget()
    first = machine.expect(victim.console, r"pace: (\d+) calls at (\d+) us", 200)
    start, calls = int(first.group(2)), int(first.group(1))
    while True:
        found = machine.expect(victim.console, r"pace: (\d+) calls at (\d+) us|guest: FAIL.*", 200)
        assert found.group(1), found.group(0)
        if int(found.group(2)) - start >= seconds * 1e6:
            return (int(found.group(1)) - calls) * 1e6 / (int(found.group(2)) - start)


def run_hog(boot, quiet_kernel, seconds):
    """The victim's pace beside a hog in each of its phases, and beside one that spins outside the TEE."""
    machine = boot(bare=[("victim", "mode=pace seed=3"), ("hog", "mode=hog")], icount=True,
                   adjust=lambda config: config.guests[1].numbers.update({"limit-shm-pages": 64}))
    hog, victim = machine.guests["hog"], machine.guests["victim"]
    machine.expect(hog.console, "hog: ready", 60)
    alone = pace(machine, victim, seconds)
    shares = {}
    for letter, (name, full) in PHASES.items():
        machine.write(hog, letter.encode())
        taken = machine.expect(hog.console, rf"hog: {full}|guest: FAIL.*", 200)
        assert taken.group(1), taken.group(0)
        shares[name] = pace(machine, victim, seconds) / alone
        print(f"hog of {name}: {taken.group(0)}; victim at {shares[name]:.0%} of {alone:.0f} calls a second; "
              f"hog's {machine.stats(hog)}")
        assert machine.stats(victim)["tee_refusals"] == 0
    for guest in (hog, victim):
        machine.write(guest, b"q")
        machine.expect(guest.console, "guest: PASS", 60)
    assert min(shares.values()) > 0.7, shares
    quiet_kernel(machine)


@pytest.mark.limit(580)
def test_a_guest_that_takes_all_it_can_does_not_slow_another(boot, quiet_kernel):
    """Memory, calls, sessions, time, interrupts, one after the other: above 70 % of the pace beside a spinning guest; no call fails."""
    run_hog(boot, quiet_kernel, 2)


@pytest.mark.long
@pytest.mark.limit(3000)
def test_a_guest_that_takes_all_it_can_for_long(boot, quiet_kernel):
    """The same in phases of 30 seconds of the guests' time."""
    run_hog(boot, quiet_kernel, 30)
