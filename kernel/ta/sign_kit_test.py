#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Signs files with the development kit's own tool, the way an author of apps does.

usage: sign_kit_test.py KIT ELF UUID OUT

KIT: the kit's folder; ELF: an app with UUID in its ta_head. Writes into the folder OUT the files that
image_chain_test.c names.
"""
import subprocess
import sys
import uuid

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

U0 = "7c3bbd19-0001-4a10-9000-aabbccddeeff"
DERIVED = "4a7c45e5-61e1-5f65-bf7d-4e9d30e55371"
DEFAULT_ENC_KEY = "b64d239b1f3c7d3b06506229cd8ff7c8af2bb4db2168621ac62c84948468c4f4"
KIT, ELF, UUID, OUT = sys.argv[1:]
ROOT = f"{KIT}/keys/default_ta.pem"


def tool(*args):
    subprocess.run([sys.executable, f"{KIT}/scripts/sign_encrypt.py", *args], check=True,
                   stdout=subprocess.DEVNULL)


def new_key(name, bits=2048):
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    path = f"{OUT}/{name}.pem"
    with open(path, "wb") as f:
        f.write(key.private_bytes(serialization.Encoding.PEM,
                                  serialization.PrivateFormat.TraditionalOpenSSL,
                                  serialization.NoEncryption()))
    return path


def elf_with(text):
    """The app under another UUID."""
    with open(ELF, "rb") as f:
        data = f.read()
    old, new = uuid.UUID(UUID).bytes_le, uuid.UUID(text).bytes_le
    assert data.count(old) == 1
    path = f"{OUT}/{text}.elf"
    with open(path, "wb") as f:
        f.write(data.replace(old, new))
    return path


def sign_subkey(name, ident, key, version, *more):
    tool("sign-subkey", "--uuid", ident, "--key", key, "--in", more[0], "--out", f"{OUT}/{name}.bin",
         "--subkey-version", version, *more[1:])
    return f"{OUT}/{name}.bin"


def chains():
    first, second = new_key("first"), new_key("second")
    derived = elf_with(DERIVED)
    named = ["--max-depth", "4", "--name-size", "64"]
    for version in ("1", "2"):
        subkey = sign_subkey(f"named{version}", U0, ROOT, version, first, *named)
        tool("sign-enc", "--uuid", DERIVED, "--key", first, "--subkey", subkey, "--name", "hello_ta",
             "--in", derived, "--out", f"{OUT}/chain{version}.ta")
    # Below it an identity subkey, and an encrypted image at the end.
    below = sign_subkey("below", DERIVED, first, "0", second, "--max-depth", "0", "--name-size", "0",
                        "--subkey", f"{OUT}/named1.bin", "--name", "hello_ta")
    tool("sign-enc", "--uuid", DERIVED, "--key", second, "--subkey", below, "--in", derived,
         "--enc-key", DEFAULT_ENC_KEY, "--out", f"{OUT}/deep_encrypted.ta")
    tool("sign-enc", "--uuid", DERIVED, "--key", second, "--subkey", f"{OUT}/named1.bin", "--name", "hello_ta",
         "--in", derived, "--out", f"{OUT}/wrong_key.ta")
    # The next one up in size, and the other kind of signature.
    large = new_key("large", 4096)
    subkey = sign_subkey("large", UUID, ROOT, "0", large, "--max-depth", "0", "--name-size", "0")
    tool("sign-enc", "--uuid", UUID, "--key", large, "--subkey", subkey, "--in", ELF, "--algo",
         "TEE_ALG_RSASSA_PKCS1_V1_5_SHA256", "--out", f"{OUT}/large.ta")


def main():
    for version in ("2", "3"):
        tool("sign-enc", "--uuid", UUID, "--key", ROOT, "--in", ELF, "--ta-version", version,
             "--out", f"{OUT}/version{version}.ta")
    for name, kind in (("encrypted", "SHDR_ENC_KEY_DEV_SPECIFIC"), ("class_wide", "SHDR_ENC_KEY_CLASS_WIDE")):
        tool("sign-enc", "--uuid", UUID, "--key", ROOT, "--in", ELF, "--enc-key", DEFAULT_ENC_KEY,
             "--enc-key-type", kind, "--out", f"{OUT}/{name}.ta")
    tool("sign-enc", "--uuid", UUID, "--key", ROOT, "--in", ELF, "--enc-key", "00" * 32,
         "--out", f"{OUT}/other_enc_key.ta")
    chains()


if __name__ == "__main__":
    main()
