# SPDX-License-Identifier: Apache-2.0
"""p11csr with a terminal of its own, on which nobody but the test types."""

import fcntl
import os
import pty
import select
import subprocess
import termios
import time

import support

# Long for a program, short for somebody who waits for a test that hangs.
PATIENCE = 10


class Terminal:
    """
    A run of p11csr that has a terminal. What it writes to that is `screen`; its standard streams go where the
    test reads them apart, or, with `streams=True`, to the terminal as well, as for a person at a shell.
    A context manager: what still runs at its end is killed.
    """

    def __init__(self, box, *args, env=None, streams=False):
        self.box = box
        self.args = args
        self.screen = b""
        self.seen = 0  # how much of the screen was expected so far
        self.master, self.slave = pty.openpty()
        self.child = subprocess.Popen(
            [support.PROGRAM, *map(str, args)],
            env=box.environment(env),
            cwd=box.work,
            stdin=self.slave if streams else subprocess.DEVNULL,
            stdout=self.slave if streams else subprocess.PIPE,
            stderr=self.slave if streams else subprocess.PIPE,
            start_new_session=True,
            pass_fds=[self.slave],
            preexec_fn=self.adopt,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def adopt(self):
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def read(self, seconds):
        """Takes what is written within that time; False when nothing is."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.screen += os.read(self.master, 4096)
        return True

    def expect(self, text):
        """Waits until the text stands on the screen, behind what was expected before."""
        wanted = text.encode()
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.screen[self.seen :]:
            assert self.read(max(0, deadline - time.monotonic())), (text, self.screen)
        self.seen = self.screen.index(wanted, self.seen) + len(wanted)

    def type(self, text):
        os.write(self.master, text.encode())

    def line(self, text=""):
        self.type(text + "\n")

    def control(self, letter):
        """Control and this letter: C interrupts, D ends the input."""
        os.write(self.master, bytes([ord(letter.upper()) - ord("@")]))

    def end(self):
        """Waits for the program's end; its result has the screen behind standard error."""
        deadline = time.monotonic() + PATIENCE
        while self.child.stdout is None and self.child.poll() is None:  # a full terminal would stop it
            assert time.monotonic() < deadline, self.screen
            self.read(0.05)
        out, err = self.child.communicate(timeout=PATIENCE)
        while self.read(0):
            pass
        result = self.box.took(
            self.args, self.child.returncode, out or b"", (err or b"") + b"\n" + self.screen
        )
        assert self.echoes()
        return result

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        for stream in (self.child.stdout, self.child.stderr):
            if stream is not None:
                stream.close()
        os.close(self.master)
        os.close(self.slave)
