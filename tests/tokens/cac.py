# SPDX-License-Identifier: Apache-2.0
"""OpenSC with a CAC card: libcacard, behind the bridge cac_card.c, with keys that certutil has made."""

import pathlib

import card

SOURCE = pathlib.Path(__file__).resolve().with_name("cac_card.c")
CERTIFICATES = ("cert1", "cert2", "cert3")


class Token(card.CardToken):
    NAME = "cac"
    LABEL = "cert1"
    PIN, WRONG_PIN = "773311", "773312"
    refusals = ((7, "MECHANISM"), (7, "UNSUPPORTED"))

    def make_card(self):
        self.folder = self.dir / "card"
        self.folder.mkdir()
        database = ("-d", f"sql:{self.folder}", "-f", self.pin_file)
        noise = self.dir / "noise"
        noise.write_bytes(bytes(64))
        self.other("certutil", "-N", *database)
        for number, name in enumerate(CERTIFICATES, 1):
            self.other(
                *("certutil", "-S", *database, "-s", f"CN={name}", "-n", name, "-x", "-t", "CTu,CTu,CTu"),
                *("-z", noise, "-k", "rsa", "-g", "2048", "-m", number, "-v", "120"),
            )
        flags = self.other("pkg-config", "--cflags", "--libs", "libcacard", "nss").stdout.decode().split()
        self.other("cc", "-Wall", "-o", self.dir / "cac_card", SOURCE, *flags)

    def card_command(self):
        soft = f"soft=(,Virtual Reader,CAC,,{','.join(CERTIFICATES)})"
        return self.dir / "cac_card", f'db="sql:{self.folder}" use_hw=no {soft}'

    def unlock(self):
        """The bridge forgets its count with the card."""
        self.remove()
        self.insert()

    def held(self, spec):
        return ("--key-id", "0001")
