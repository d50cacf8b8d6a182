# SPDX-License-Identifier: Apache-2.0
"""OpenSC with a PIV card (piv_card.py) in vpcd's reader, whose port is one for the machine."""

import pathlib
import sys

import capabilities
import real

FOLDER = pathlib.Path(__file__).resolve().parent
IDS = {"p256": "01", "rsa-2048": "02", "p384": "04"}


class CardToken(real.RealToken):
    """A card in vpcd's reader, by OpenSC."""

    MODULE = f"{capabilities.LIB}/pkcs11/opensc-pkcs11.so"
    card = None

    def set_up(self):
        self.env["OPENSC_DEBUG"] = "0"
        self.make_card()
        self.daemon("/usr/sbin/pcscd", "-f")
        self.until("pcscd listens", pathlib.Path("/run/pcscd/pcscd.comm").exists)
        self.insert()

    def make_card(self):
        """Makes what lies on the card."""
        raise NotImplementedError

    def card_command(self):
        """The program that is the card, and its arguments."""
        raise NotImplementedError

    def insert(self):
        self.card = self.daemon(*self.card_command(), log="card.log")
        self.until("the card is seen", self.is_seen)

    def remove(self):
        self.end(self.card)
        self.daemons.remove(self.card)
        self.until("the card is gone", lambda: not self.is_seen())

    def is_seen(self):
        assert self.card.poll() is None or self.card not in self.daemons, (self.dir / "card.log").read_text()
        return b"token label" in self.tool("-L").stdout


class Token(CardToken):
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
