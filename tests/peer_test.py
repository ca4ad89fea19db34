# SPDX-License-Identifier: BSD-2-Clause
"""Debian's own OP-TEE on the same machine with the same guest: what we measure against must work too."""
import json
import subprocess

import pytest
from conftest import REPO

PEER = ["--tee", "optee", "--hypervisor", "none"]


def tenon(*arguments, seconds=120):
    """Run ./tenon as a user does."""
    return subprocess.run([str(REPO / "tenon"), "run", "--timeout", str(seconds), *arguments], text=True, timeout=seconds + 60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def test_peer_runs_one_case_of_xtest(tmp_path):
    """The issue's own command; the summary must count the case, for its filter is a substring match."""
    done = tenon(*PEER, "--exec", "xtest -t regression _1004", "--expect-cases", "1", "--json", str(tmp_path / "out.json"))
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["ok"] and report["guests"][0]["xtest"]["cases"] == 1
    assert "g1: regression_1004 OK" in done.stdout
    assert any(line.startswith("tee: ") for line in done.stdout.splitlines())


def test_a_filter_that_matches_nothing_is_not_a_success():
    """xtest itself exits 0 after no case at all."""
    done = tenon(*PEER, "--exec", "xtest -t regression _nothing", "--expect-cases", "1")
    assert done.returncode == 1
    assert "xtest ran 0 cases, not 1" in done.stderr


def test_a_failing_command_fails_the_run_and_says_why():
    """Exit statuses arrive, and the message says where to look."""
    done = tenon(*PEER, "--exec", "exit 7")
    assert done.returncode == 1
    assert "g1: its command ended with status 7" in done.stderr
    assert "tenon: next: the logs are in" in done.stderr


def test_a_command_that_never_ends_is_ended():
    """--timeout counts from power-on and leaves no process behind."""
    done = tenon(*PEER, "--exec", "sleep 1000", seconds=12)
    assert done.returncode == 1
    assert "not done after 12 s" in done.stderr


def test_an_overlay_lies_over_the_root(tmp_path):
    """Files, permissions and folders of --overlay are in the guest."""
    folder = tmp_path / "over"
    (folder / "opt").mkdir(parents=True)
    script = folder / "opt" / "hello"
    script.write_text("#!/bin/sh\necho hello from $(hostname)\n")
    script.chmod(0o755)
    done = tenon(*PEER, "--overlay", str(folder), "--exec", "/opt/hello")
    assert done.returncode == 0, done.stderr
    assert "g1: hello from g1" in done.stdout


def test_example_clients_run_on_the_peer():
    """The examples are ordinary OP-TEE trusted apps: nothing in them needs Tenon."""
    done = tenon(*PEER, "--exec", "ledger --calls 50 --seed 1")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@pytest.mark.limit(300)
def test_two_guests_use_the_peer_under_our_hypervisor_at_the_same_time():
    """NW §7: the mediator works for OP-TEE built with virtualization, too."""
    done = tenon("--tee", "optee", "--hypervisor", "tenon", "--guests", "2", "--exec", "xtest -t regression _1004",
                 "--expect-cases", "1", seconds=240)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    for guest in ("g1", "g2"):
        assert f"{guest}: regression_1004 OK" in done.stdout
