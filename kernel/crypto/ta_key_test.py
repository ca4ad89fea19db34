#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The key that a build takes: what it becomes in C, and which one is announced as the published one.

usage: ta_key_test.py KIT_KEY.pem
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa

TA_KEY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ta_key.py")
KIT_KEY = sys.argv.pop()


def build(pem):
    """(modulus, exponent, whether the kernel will warn) of a key file; None if it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "ta_key.c")
        done = subprocess.run([sys.executable, TA_KEY, pem, out], stderr=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            return None
        with open(out, encoding="ascii") as f:
            text = f.read()
    numbers = [int("".join(re.findall(r"0x(..)", part)), 16)
               for part in re.findall(r"uint8_t \w+\[\] = \{(.*?)\}", text, re.DOTALL)]
    return (*numbers, "crypto_ta_key_is_development = true" in text)


class TaKey(unittest.TestCase):
    """make TA_PUBLIC_KEY=FILE"""

    def write(self, data):
        with tempfile.NamedTemporaryFile(suffix=".pem", delete=False) as f:
            f.write(data)
        self.addCleanup(os.unlink, f.name)
        return f.name

    def test_the_kits_key_is_known_as_the_development_key(self):
        self.assertTrue(build(KIT_KEY)[2])

    def test_another_key_gives_another_modulus_and_no_warning_in_each_container(self):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = key.public_key().public_numbers()
        plain, pem = s.NoEncryption(), s.Encoding.PEM
        containers = [key.private_bytes(pem, s.PrivateFormat.PKCS8, plain),
                      key.private_bytes(pem, s.PrivateFormat.TraditionalOpenSSL, plain),
                      key.public_key().public_bytes(pem, s.PublicFormat.SubjectPublicKeyInfo),
                      key.public_key().public_bytes(pem, s.PublicFormat.PKCS1)]
        for container in containers:
            self.assertEqual(build(self.write(container)), (numbers.n, numbers.e, False))
        self.assertNotEqual(build(KIT_KEY)[0], numbers.n)

    def test_what_is_no_fitting_key_stops_the_build(self):
        short = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
        self.assertIsNone(build(self.write(short.public_bytes(s.Encoding.PEM, s.PublicFormat.PKCS1))))
        self.assertIsNone(build(self.write(b"no key at all")))
        self.assertIsNone(build("/nowhere.pem"))


if __name__ == "__main__":
    unittest.main()
