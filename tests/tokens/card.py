# SPDX-License-Identifier: Apache-2.0
"""A card in vpcd's reader, seen by OpenSC. The reader's port and pcscd's socket are one for the machine."""

import pathlib

import capabilities
import real


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
