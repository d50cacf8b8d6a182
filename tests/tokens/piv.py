# SPDX-License-Identifier: Apache-2.0
"""OpenSC with a PIV card: piv_card.py."""

import pathlib
import sys

import card

FOLDER = pathlib.Path(__file__).resolve().parent
IDS = {"p256": "01", "rsa-2048": "02", "p384": "04"}


class Token(card.CardToken):
    NAME = "piv"
    LABEL = "piv-9A"
    PIN, WRONG_PIN = "123456", "654321"
    refusals = ((7, "UNSUPPORTED"), (7, "MECHANISM"))

    def make_card(self):
        self.folder = self.dir / "card"
        self.folder.mkdir()

    def card_command(self):
        return sys.executable, FOLDER / "piv_card.py", self.folder, self.PIN

    def held(self, spec):
        return ("--key-id", IDS[spec])

    def unlock(self):
        """As the PUK does."""
        (self.folder / "tries").write_text("3")
