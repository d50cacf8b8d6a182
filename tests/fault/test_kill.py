# SPDX-License-Identifier: Apache-2.0
"""
p11csr is killed at any moment while it makes a key and writes a request. The moments are chosen by chance:
P11CSR_SEED chooses the same ones again; P11CSR_ROUNDS=10 makes ten times as many rounds.
"""

import ctypes
import os
import random
import select
import shutil
import time

import pytest
import support

ROUNDS = 20 * int(os.environ.get("P11CSR_ROUNDS", "1"))
SEED = int(os.environ.get("P11CSR_SEED") or random.SystemRandom().randrange(2**32))
SUBJECT = ("--subject", "CN=www.example.com")
JOBS = {
    "generate": ("keys", "generate", "p256", "--key-label", "new"),
    "request-generate": ("request", "--generate", "p256", "--key-label", "new", *SUBJECT, "-o", "web.csr"),
    "request": ("request", "--key-label", "web", *SUBJECT, "-o", "web.csr"),
    "replace": ("request", "--key-label", "web", *SUBJECT, "--force", "-o", "web.csr"),
}
# The private key that another program left without a public one.
ORPHAN = "0f"


class Watch:
    """What happens to the files of some folders (inotify), in the order in which it happens."""

    EVENTS = 0x2 | 0x8 | 0x100 | 0x200 | 0x80  # modified, closed after writing, made, removed, moved here

    def __init__(self, *folders):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        assert self.fd >= 0
        for folder in folders:
            assert libc.inotify_add_watch(self.fd, os.fsencode(folder), self.EVENTS) >= 0

    def wait_for(self, count, child):
        """Until so many events were seen, or the child ended."""
        seen = 0
        while seen < count and child.poll() is None:
            if select.select([self.fd], [], [], 0.001)[0]:
                seen += self.read()
        return seen

    def read(self):
        """How many events wait."""
        data = os.read(self.fd, 65536)
        count = at = 0
        while at < len(data):
            at += 16 + int.from_bytes(data[at + 12 : at + 16], "little")
            count += 1
        return count

    def close(self):
        os.close(self.fd)


class Scene:
    """A token with a key pair and with a key that is half of one, put back as it was before each round."""

    def __init__(self, token):
        self.token = token
        token.make_key()
        token.raw("p256", "orphan", ORPHAN)
        token.tool("--delete-object", "--type", "pubkey", "--id", ORPHAN)
        self.store = token.dir / "store"
        self.original = token.dir / "original"
        self.state = token.home / "state/p11csr"
        shutil.copytree(self.store, self.original)
        self.before = token.keys()
        self.old = token.request(*SUBJECT).out

    def put_back(self, job):
        for folder in (self.store, self.token.work, self.state):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.original, self.store)
        for folder in (self.token.work, self.state):
            folder.mkdir(parents=True)
        if job == "replace":
            (self.token.work / "web.csr").write_text(self.old)

    def mend(self):
        """SoftHSM2 writes a token's flags in place at each login; killed there, it loses the token."""
        for path in self.original.glob("*/token.object"):
            shutil.copy(path, self.store / path.relative_to(self.original))

    def start(self, job):
        return self.token.start(
            *JOBS[job],
            *self.token.at,
            stdin=support.subprocess.DEVNULL,
            stdout=support.subprocess.DEVNULL,
            stderr=support.subprocess.DEVNULL,
        )

    def folders(self):
        return (next(path for path in self.store.iterdir()), self.token.work, self.state)

    def kill_after(self, job, events=None, seconds=None):
        """Runs a job up to that moment; True if it had ended before."""
        watch = Watch(*self.folders())
        child = self.start(job)
        try:
            if events is not None:
                watch.wait_for(events, child)
            else:
                time.sleep(seconds)
        finally:
            child.kill()
            status = child.wait(timeout=support.TIMEOUT)
            watch.close()
        self.mend()
        assert status in (0, -9), (job, status)
        return status == 0

    def count_events(self, job):
        """How many events a run that nobody disturbs has, and how long it takes."""
        self.put_back(job)
        watch = Watch(*self.folders())
        begin = time.monotonic()
        child = self.start(job)
        assert child.wait(timeout=support.TIMEOUT) == 0
        took = time.monotonic() - begin
        count = watch.read()
        watch.close()
        return count, took

    def check_files(self, job, ended):
        """The request is whole, or not there; what was there before is still there, or replaced whole."""
        names = [path.name for path in self.token.work.iterdir()]
        assert [name for name in names if name != "web.csr" and not name.startswith(".p11csr-")] == []
        if "web.csr" in names:
            content = (self.token.work / "web.csr").read_bytes()
            assert support.x509.load_pem_x509_csr(content).is_signature_valid
        else:
            assert job != "replace" and (job == "generate" or not ended)

    def check_token(self, ended):
        """Nothing that was there is gone; what is new is whole, or named by a record."""
        token = self.token
        found = token.keys()
        for key in self.before:
            assert key in found, key
        records = token.run("keys", "list", "--incomplete", "--json").ok().json["incomplete"]
        if ended:
            assert records == []
        named = [record["id"] for record in records]
        assert ORPHAN not in named
        for key in found:
            if key in self.before:
                continue
            whole = key["private"] and key["public"] and key["label"] == "new" and key["problem"] is None
            # SoftHSM2 fills an object after it has made it: one that it could not fill has no name at all.
            nameless = key["id"] == "" and key["label"] == ""
            assert whole or key["id"] in named or (nameless and named), (key, records)
        return len(found) - len(self.before), len(records)

    def run_again(self, job):
        """The command again: it goes on, or says which key is in its way and leaves it there."""
        before = self.token.keys()
        again = self.token.run(*JOBS[job], *self.token.at)
        assert again.status in (0, 11), again
        assert again.status == 0 or "pkcs11:" in again.err or "web.csr" in again.err, again
        found = self.token.keys()
        for key in before:
            assert key in found, key

    def delete_what_is_named(self):
        """What the records name can be deleted, each by its identity; nothing else goes with it."""
        token = self.token
        listed = token.run("keys", "list", "--incomplete", *token.login, "--json").ok().json["incomplete"]
        for record in listed:
            assert record["id"] != ORPHAN and record["label"] == "new", record
            if record["uri"]:
                token.run("keys", "delete", record["uri"], *token.login, "--yes").ok()
            else:
                assert record["state"] == "not-there", record
        named = [record["id"] for record in listed]
        found = token.keys()
        for key in self.before:
            assert key in found, key
        assert not [key for key in found if key["id"] in named]
        token.run("keys", "list", "--incomplete", "--close", *token.login).ok()
        assert token.run("keys", "list", "--incomplete", "--json").ok().json["incomplete"] == []
        return len([record for record in listed if record["uri"]])


@pytest.fixture
def scene(token):
    return Scene(token)


def test_killed_at_any_moment(scene):
    """Most moments are those at which a file was just made, written or renamed; the others are any."""
    rng = random.Random(SEED)
    ends = {job: scene.count_events(job) for job in JOBS}
    counts = {"killed": 0, "ended": 0, "keys left": 0, "records left": 0, "deleted": 0}
    for number in range(ROUNDS):
        job = rng.choice(sorted(JOBS))
        events, seconds = ends[job]
        moment = (
            {"events": rng.randint(1, events)} if rng.random() < 0.7 else {"seconds": rng.uniform(0, seconds)}
        )
        scene.put_back(job)
        try:
            ended = scene.kill_after(job, **moment)
            scene.check_files(job, ended)
            keys, records = scene.check_token(ended)
            counts["keys left"] += keys
            counts["records left"] += records
            if rng.random() < 0.5:
                scene.run_again(job)
            else:
                counts["deleted"] += scene.delete_what_is_named()
        except AssertionError as error:
            raise AssertionError(f"P11CSR_SEED={SEED}, round {number}: {job}, {moment}") from error
        counts["ended" if ended else "killed"] += 1
    print(f"P11CSR_SEED={SEED}: {ROUNDS} rounds, {counts}")
    assert counts["killed"] > ROUNDS / 4


def test_the_watch_itself(scene):
    """There are moments to choose from."""
    for job in JOBS:
        events, _ = scene.count_events(job)
        assert events > (10 if "generate" in job else 2), (job, events)
