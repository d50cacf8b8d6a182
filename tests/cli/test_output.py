# SPDX-License-Identifier: Apache-2.0
"""Where a request goes: whole or not at all, never over something that is there, nothing left behind."""

import os
import resource
import select
import shutil
import signal
import stat
import subprocess
import tempfile

import pytest
from cryptography import x509

import support

SUBJECT = ("--subject", "CN=www.example.com")


@pytest.fixture
def ready(token):
    """A token with the key 'web', and the request's beginning."""
    token.make_key()
    token.ask = ("request", *token.at, "--key-label", "web", *SUBJECT)
    return token


def names(token):
    return sorted(os.listdir(token.work))


def good(data):
    """Whether these bytes are one whole request and nothing else."""
    if data.startswith(b"-----BEGIN CERTIFICATE REQUEST-----\n"):
        assert data.endswith(b"-----END CERTIFICATE REQUEST-----\n") and data.count(b"-----BEGIN") == 1
        assert all(len(line) <= 64 for line in data.splitlines()[1:-1])
        return x509.load_pem_x509_csr(data).is_signature_valid
    csr = x509.load_der_x509_csr(data)
    return csr.is_signature_valid and len(data) == len(csr.public_bytes(x509.base.serialization.Encoding.DER))


def test_stdout(ready):
    assert good(ready.run(*ready.ask).ok().bytes)
    assert good(ready.run(*ready.ask, "-o", "-").ok().bytes)
    assert good(ready.run(*ready.ask, "--form", "pem").ok().bytes)
    der = ready.run(*ready.ask, "--form", "der").ok().bytes
    assert der[0] == 0x30 and good(der)
    assert ready.run(*ready.ask, "-o", "-", "--form", "der").ok().bytes[0] == 0x30
    assert names(ready) == []


def test_file(ready):
    for args in (
        ("-o", "a.csr"),
        ("--out", "b.csr"),
        ("--out=c.csr",),
        ("-o", str(ready.work / "d.csr")),
        ("-o", "./e.csr"),
        ("--form", "der", "-o", "f.csr"),
    ):
        result = ready.run(*ready.ask, *args).ok()
        assert result.out == "" and "written to" in result.err
    assert names(ready) == ["a.csr", "b.csr", "c.csr", "d.csr", "e.csr", "f.csr"]
    for name in names(ready):
        path = ready.work / name
        assert good(path.read_bytes()) and stat.S_IMODE(path.stat().st_mode) == 0o644
    assert (ready.work / "f.csr").read_bytes()[0] == 0x30


def test_file_mode_follows_umask(ready):
    ready.run(*ready.ask, "-o", "a.csr", preexec_fn=lambda: os.umask(0o077)).ok()
    assert stat.S_IMODE((ready.work / "a.csr").stat().st_mode) == 0o600


def test_unknown_form(ready):
    ready.refused(
        *ready.ask, "--form", "PEM", status=64, code="USAGE", says="--form is pem or der, not 'PEM'"
    )


def test_existing_file_is_kept(ready):
    path = ready.work / "a.csr"
    path.write_text("mine")
    before = path.stat()
    ready.refused(*ready.ask, "-o", "a.csr", status=11, code="FILE_EXISTS", says=["a.csr", "--force"])
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    ready.run(*ready.ask, "-o", "a.csr", "--force").ok()
    assert good(path.read_bytes()) and names(ready) == ["a.csr"]


def test_existing_link_is_kept(ready):
    """A link is a name that is taken, wherever it leads."""
    target = ready.work / "target"
    for link, leads in (("broken", "nowhere"), ("link", "target")):
        target.write_text("mine")
        (ready.work / link).symlink_to(leads)
        ready.refused(*ready.ask, "-o", link, status=11, code="FILE_EXISTS", says=link)
        assert target.read_text() == "mine" and not (ready.work / "nowhere").exists()


def test_missing_folder(ready):
    ready.refused(*ready.ask, "-o", "no/a.csr", status=10, code="WRITE", says=["'no'", "No such file"])
    (ready.work / "file").write_text("")
    ready.refused(*ready.ask, "-o", "file/a.csr", status=10, code="WRITE", says="Not a directory")
    (ready.work / "folder").mkdir()
    ready.refused(*ready.ask, "-o", "folder", status=10, code="WRITE", says="Is a directory")
    ready.refused(*ready.ask, "-o", "folder", "--force", status=10, code="WRITE", says="Is a directory")
    ready.refused(*ready.ask, "-o", "", status=10, code="WRITE", says="")
    ready.run(*ready.ask, "-o", "folder/a.csr").ok()
    assert good((ready.work / "folder/a.csr").read_bytes())


def give_away(box, uid):
    for path in [box.dir, *box.dir.rglob("*")]:
        os.chown(path, uid, uid, follow_symlinks=False)


def test_read_only_folder(ready):
    """Root may write everywhere, so root runs this as somebody else."""
    folder = ready.work / "locked"
    folder.mkdir()
    (folder / "there.csr").write_text("mine")
    folder.chmod(0o500)
    if os.getuid() != 0:
        ready.refused(
            *ready.ask, "-o", "locked/a.csr", status=10, code="WRITE", says=["locked", "Permission denied"]
        )
        return
    with tempfile.TemporaryDirectory() as tools, tempfile.TemporaryDirectory() as counts:
        os.chmod(tools, 0o755)
        os.chmod(counts, 0o777)
        program = shutil.copy(support.PROGRAM, tools)
        uid = 65534
        give_away(ready, uid)
        # A build that counts its lines says on stderr that this user may not write where the counts are.
        env = {"GCOV_PREFIX": counts}
        who = {"user": uid, "group": uid, "extra_groups": [], "executable": program, "env": env}
        for args in (("-o", "locked/a.csr"), ("-o", "locked/there.csr", "--force")):
            ready.refused(
                *ready.ask, *args, status=10, code="WRITE", says=["locked", "Permission denied"], **who
            )
        folder.chmod(0o700)
        ready.run(*ready.ask, "-o", "locked/a.csr", **who).ok()


def test_device_full(ready):
    ready.refused(*ready.ask, "-o", "/dev/full", status=10, code="WRITE", says=["/dev/full", "No space left"])
    assert names(ready) == []
    with open("/dev/full", "wb") as full:
        for args in ((), ("--form", "der"), ("-o", "-")):
            result = ready.run(*ready.ask, *args, stdout=full)
            assert result.status == 10 and "No space left" in result.err
            assert "signature verified" not in result.err


@pytest.mark.parametrize(
    "command",
    [
        ("--help",),
        ("--version",),
        ("request", "--help"),
        ("algorithms",),
        ("algorithms", "--json"),
        ("uri", "explain", "pkcs11:token=x"),
        ("tokens", "list"),
    ],
)
def test_stdout_full_for_every_answer(token, command):
    with open("/dev/full", "wb") as full:
        json = "--json" in command
        child = token.start(*command, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE)
        _, err = child.communicate(timeout=support.TIMEOUT)
    result = token.took([arg for arg in command if arg != "--json"], child.returncode, b"", err)
    assert result.status == 10 and "output could not be written" in result.err, (json, result)


def test_fifo(ready):
    fifo = ready.work / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        ready.run(*ready.ask, "-o", "fifo").ok()
        assert select.select([reader], [], [], support.TIMEOUT)[0] and good(os.read(reader, 65536))
    finally:
        os.close(reader)
    assert names(ready) == ["fifo"] and stat.S_ISFIFO(fifo.stat().st_mode)


def test_dev_stdout(ready):
    assert good(ready.run(*ready.ask, "-o", "/dev/stdout").ok().bytes)


def test_file_too_large(ready):
    """A limit of the file system ends in an error, not in a signal or half a file."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))  # the token's own files are smaller

    many = [arg for i in range(1000) for arg in ("--dns", f"host{i}.example")]
    result = ready.run(*ready.ask, *many, "-o", "a.csr", preexec_fn=limit)
    assert result.status == 10 and "File too large" in result.err and names(ready) == []
    ready.run(*ready.ask, "-o", "a.csr", preexec_fn=limit).ok()


def test_closed_pipe(ready):
    """Whoever reads may go away: no crash, no success."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = ready.run(*ready.ask, stdout=writer)
    finally:
        os.close(writer)
    assert result.status in (10, -signal.SIGPIPE), result


def test_racing_writers(ready):
    """Of many that want the same name one gets it, and it is whole."""
    children = [ready.start(*ready.ask, "-o", "a.csr", stderr=subprocess.PIPE) for _ in range(6)]
    ends = [
        ready.took(ready.ask, child.returncode, b"", child.communicate(timeout=support.TIMEOUT)[1]).status
        for child in children
        if child.wait(timeout=support.TIMEOUT) is not None
    ]
    assert sorted(ends) == [0] + [11] * 5
    assert good((ready.work / "a.csr").read_bytes()) and names(ready) == ["a.csr"]
