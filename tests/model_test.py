# SPDX-License-Identifier: BSD-2-Clause
"""The protocol of waiting and waking across guests, searched through by spin (model/wait.pml)."""
import re
import subprocess
from pathlib import Path

import pytest

MODEL = Path(__file__).resolve().parents[1] / "model" / "wait.pml"


def search(folder, *definitions):
    """Errors and states that spin finds in the whole state space of the model with these definitions."""
    options = [f"-D{definition}" for definition in definitions]
    subprocess.run(["spin", "-a", *options, str(MODEL)], cwd=folder, check=True, capture_output=True)
    subprocess.run(["cc", "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"], cwd=folder, check=True)
    out = subprocess.run(["./pan", "-m200000"], cwd=folder, check=True, capture_output=True, text=True).stdout
    print(out)
    assert "max search depth too small" not in out
    return int(re.search(r"errors: (\d+)", out)[1]), int(re.search(r"(\d+) states, stored", out)[1])


@pytest.mark.parametrize("definitions", [("GUESTS=2", "KILLS=2"), ("GUESTS=3", "KILLS=1")], ids=" ".join)
def test_no_waiter_is_stranded(tmp_path, definitions):
    """NW-108, attack row 31: no deadlock, no lost wake-up, nobody left in the queue, with a kill at every step."""
    errors, states = search(tmp_path, *definitions)
    assert errors == 0
    assert states > 1000


@pytest.mark.long
@pytest.mark.limit(1200)
def test_no_waiter_is_stranded_when_two_of_three_die(tmp_path):
    """The same with two kills among three guests: 22 million states."""
    errors, states = search(tmp_path, "GUESTS=3", "KILLS=2")
    assert errors == 0
    assert states > 1000000


@pytest.mark.parametrize("mutation", [("LOSE_TELL=true", "KILLS=0"), ("PASS_ON=false", "KILLS=1")], ids=" ".join)
def test_the_search_finds_what_is_broken_on_purpose(tmp_path, mutation):
    """A search that cannot fail would show nothing: an interrupt that is not raised, a wake-up that dies with its owner."""
    errors, _ = search(tmp_path, *mutation)
    assert errors > 0
