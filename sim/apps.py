#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes and signs the simulator's own apps, as arrays of a C file.

usage: apps.py APP_FILE SIGN KEY.pem OUT.c NAME=UUID,FLAGS...
"""
import subprocess
import sys
import tempfile
from pathlib import Path


def signed(app_file: str, sign: str, key: str, uuid: str, flags: str) -> bytes:
    """The bytes of one file."""
    with tempfile.TemporaryDirectory() as folder:
        plain, out = Path(folder, "plain"), Path(folder, "out")
        subprocess.run([app_file, uuid, flags, plain], check=True)
        subprocess.run([sys.executable, sign, key, plain, out, "uuid=" + uuid], check=True)
        return out.read_bytes()


def main() -> None:
    """Write them all."""
    app_file, sign, key, target, *apps = sys.argv[1:]
    text = '/* Made by sim/apps.py. */\n#include "sim/programs.h"\n'
    for app in apps:
        name, _, rest = app.partition("=")
        uuid, _, flags = rest.partition(",")
        data = signed(app_file, sign, key, uuid, flags)
        lines = [", ".join(str(byte) for byte in data[at:at + 32]) for at in range(0, len(data), 32)]
        text += f'\nstatic const uint8_t {name}_file[] = {{\n' + ",\n".join(lines) + "};\n"
        text += f'const struct made_app made_{name} = {{"{uuid}", {name}_file, sizeof({name}_file)}};\n'
    Path(target).write_text(text, encoding="ascii")


main()
