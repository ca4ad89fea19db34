# SPDX-License-Identifier: BSD-2-Clause
"""The launcher behind ./tenon: fetch, build firmware, make guests, boot machines, talk to them.

The parts that other tools (demo, stress, benchmarks, tests) use:
    machine.Machine, machine.MachineConfig, machine.GuestSpec    boot, control, consoles
    prepare.prepare_machine                                      everything a boot needs, made if missing
"""
