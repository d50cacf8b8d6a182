# SPDX-License-Identifier: Apache-2.0
"""--isolate: what a module does badly ends a child, and its parent says where. -v: the trace of calls."""

import os
import re
import signal
import subprocess
import time

import pytest
import support
from shim import Shim
from terminal import Terminal

ASK = ("--key-label", "web", "--subject", "CN=www.example.com")


@pytest.fixture
def web(token):
    token.make_key()
    token.env.update(support.UNCAUGHT)
    return token


@pytest.fixture
def shim(web):
    return Shim(web)


def request(token, *more, **named):
    return token.run("request", "--isolate", *token.at, *ASK, *more, **named)


def test_works_as_without(web):
    plain = web.run("request", *web.at, *ASK).ok()
    isolated = request(web, "-o", "web.csr").ok()
    assert isolated.out == "" and (web.work / "web.csr").read_text().startswith("-----BEGIN CERTIFICATE REQ")
    assert sorted(path.name for path in web.work.iterdir()) == ["web.csr"]
    answer = request(web, "--json").ok().json
    assert answer["command"] == "request" and answer["ok"] is True
    piped = web.run("show", "--isolate", "-", stdin=plain.out).ok()
    assert "CN=www.example.com" in piped.out


@pytest.mark.parametrize(
    "args",
    [
        ("request", "--token", support.LABEL, "--key-label", "none", "--subject", "CN=a"),
        ("request", "--token", "nowhere", *ASK),
        ("request", "--token", support.LABEL, *ASK, "--pin-source", "env:NOT_THERE"),
        ("request", "--token", support.LABEL, *ASK, "--pin-source", "env:WRONG"),
        ("request", "--token", support.LABEL, "--key-label", "web", "--subject", "CN"),
        ("request", "--token", support.LABEL, *ASK, "-o", "/nonexistent/web.csr"),
        ("request", "--nonsense"),
        ("tokens", "list", "--module", "/nonexistent.so"),
        ("tokens", "list", "--module", "/bin/sh"),
        ("keys", "list", "--config", "/nonexistent.yaml"),
        ("uri", "explain", "pkcs11:tokn=x"),
        ("verify", "/nonexistent"),
        ("tokens", "list"),
        ("--version",),
        ("request", "--help"),
    ],
)
def test_ends_as_without(web, args):
    """Status, stdout and stderr are those of the same command that is not isolated."""
    env = {"WRONG": "surely-not"}
    if "request" in args and "--pin-source" not in args:
        args = (*args, *web.login)
    plain, isolated = web.run(*args, env=env), web.run(*args, "--isolate", env=env)
    assert (isolated.status, isolated.out) == (plain.status, plain.out), (plain, isolated)
    assert isolated.err == plain.err


@pytest.mark.parametrize("function", ["C_Initialize", "C_GetSlotList", "C_Login", "C_SignInit", "C_Sign"])
def test_crash(web, shim, function):
    shim.script(f"{function} 1 crash")
    result = web.refused(
        "request",
        "--isolate",
        *web.at,
        *ASK,
        "-o",
        "web.csr",
        status=6,
        code="MODULE_CRASHED",
        says=f"module '{support.SHIM}' crashed (SIGSEGV) in {function}",
    )
    assert result.json["command"] == "request"
    assert list(web.work.iterdir()) == []


def test_crash_after_the_answer(web, shim):
    """The request is proven and written: what the module does at its end is only told."""
    shim.script("C_Finalize 1 crash")
    result = request(web).ok()
    assert result.out.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert "warning: after the command was done, module" in result.err and "in C_Finalize" in result.err
    assert request(web, "--json").ok().json["ok"] is True


@pytest.mark.parametrize("function", ["C_Initialize", "C_FindObjects", "C_Sign"])
def test_hang(web, shim, function):
    shim.script(f"{function} 1 hang")
    web.refused(
        "request",
        "--isolate",
        "--time-limit",
        "1",
        *web.at,
        *ASK,
        "-o",
        "web.csr",
        status=6,
        code="MODULE_HANGS",
        says=f"module '{support.SHIM}' did not answer within 1 s in {function}",
    )


def test_slow_is_not_hanging(web, shim):
    shim.script("C_SignInit 1 delay 700", "C_Sign 1 delay 700")
    request(web, "--time-limit", "1").ok()
    shim.script("C_GenerateKeyPair 1 delay 1500")
    web.run("keys", "generate", "p256", "--key-label", "b", "--isolate", "--time-limit", "1", *web.at).ok()


def test_key_that_may_be_there(web, shim):
    shim.script("C_GenerateKeyPair 1 crash")
    result = web.run("keys", "generate", "p256", "--key-label", "b", "--isolate", *web.at)
    assert result.status == 6 and re.search("keys list .*--incomplete", result.err), result
    shim.script()
    assert "b" in web.run("keys", "list", "--incomplete").ok().out


def test_time_limit_without_isolation(web):
    """It counts for the modules that are looked at, too: what is no limit is refused with any command."""
    web.refused("keys", "list", *web.at, "--time-limit", "0", status=64, code="USAGE", says="1 to 86400")
    assert len(web.run("keys", "list", *web.at, "--time-limit", "5", "--json").ok().json["keys"]) == 1


@pytest.mark.parametrize("value", ["0", "-1", "x", "", "1.5", "86401", "99999999999999999999"])
def test_time_limit_is_a_number(web, value):
    web.refused(
        "tokens", "list", "--isolate", f"--time-limit={value}", status=64, code="USAGE", says="1 to 86400"
    )


def wait_for_call(shim, name):
    deadline = time.monotonic() + support.TIMEOUT
    while not any(call.answer == "hang" for call in shim.calls(name)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_are_passed_on(web, shim, number):
    """Sent to the parent alone: the child ends, and the parent by the same signal."""
    shim.script("C_Sign 1 hang")
    child = web.start("request", "--isolate", *web.at, *ASK, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_for_call(shim, "C_Sign")
        children = subprocess.run(["pgrep", "-P", str(child.pid)], capture_output=True, text=True, check=True)
        child.send_signal(number)
        out, _ = child.communicate(timeout=support.TIMEOUT)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    assert child.returncode == -number and out == b""
    assert not os.path.exists(f"/proc/{int(children.stdout)}")


def test_unfinished_file_is_removed(web, shim):
    """What the child was writing when it was killed; that of another process stays."""
    shim.script("C_Sign 1 hang")
    args = ("request", "--isolate", *web.at, *ASK, "-o", "web.csr")
    child = web.start(*args, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for_call(shim, "C_Sign")
    found = subprocess.run(["pgrep", "-P", str(child.pid)], capture_output=True, text=True, check=True)
    (web.work / f".p11csr-{int(found.stdout)}-0123456789abcdef").write_text("half")
    (web.work / f".p11csr-{int(found.stdout)}1-0123456789abcdef").write_text("half")
    os.kill(int(found.stdout), signal.SIGKILL)
    _, err = child.communicate(timeout=support.TIMEOUT)
    assert child.returncode == 6 and b"(SIGKILL) in C_Sign" in err
    assert [path.name for path in web.work.iterdir()] == [f".p11csr-{int(found.stdout)}1-0123456789abcdef"]


def test_stopped_and_continued(web, shim):
    """The parent stops with its child, and the time that they were stopped is not the module's."""
    shim.script("C_Sign 1 delay 300")
    args = ("request", "--isolate", "--time-limit", "1", *web.at, *ASK)
    child = web.start(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + support.TIMEOUT
    while not shim.calls("C_SignInit"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    found = subprocess.run(["pgrep", "-P", str(child.pid)], capture_output=True, text=True, check=True)
    os.kill(int(found.stdout), signal.SIGSTOP)  # a group without a terminal is not stopped by SIGTSTP
    stopped = os.waitid(os.P_PID, child.pid, os.WSTOPPED)
    assert stopped.si_code == os.CLD_STOPPED
    time.sleep(1.5)
    child.send_signal(signal.SIGCONT)
    out, err = child.communicate(timeout=support.TIMEOUT)
    assert child.returncode == 0 and out.startswith(b"-----BEGIN"), err


def test_child_does_not_outlive_its_parent(web, shim):
    shim.script("C_Sign 1 hang")
    child = web.start(
        "request", "--isolate", *web.at, *ASK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for_call(shim, "C_Sign")
    found = subprocess.run(["pgrep", "-P", str(child.pid)], capture_output=True, text=True, check=True)
    child.kill()
    child.wait()
    deadline = time.monotonic() + support.TIMEOUT
    stat = f"/proc/{int(found.stdout)}/stat"
    while os.path.exists(stat) and open(stat, encoding="utf-8").read().split()[2] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def asked(web, *args):
    """A request on a terminal, with all streams, in which somebody is asked for the PIN."""
    tty = Terminal(web, "request", "--isolate", *args, "--token", support.LABEL, *ASK, streams=True)
    tty.expect("PIN of token")
    return tty


def test_prompt(web):
    with asked(web, "--time-limit", "1") as tty:
        time.sleep(1.5)  # longer than the limit: a person takes time
        tty.line(web.pin)
        result = tty.end().ok()
    assert "BEGIN CERTIFICATE REQUEST" in result.err and web.pin not in result.err


def test_interrupted_prompt(web):
    with asked(web) as tty:
        tty.control("C")
        assert tty.end().status == 130


def test_pin_pad_is_waited_for(web, shim):
    shim.script(f"pin-pad {web.pin}", "C_Login 1 delay 2500")
    web.run("request", "--isolate", "--time-limit", "1", "--token", support.LABEL, *ASK).ok()
    assert shim.count("C_Login") == 1 and not shim.logins()


LINE = re.compile(r"p11csr: [\w.-]+: (C_\w+|dlopen|dlclose)( \(asks a person\))?: CKR_\w+, \d+\.\d{3} ms")


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
def test_trace(web, shim, isolate):
    result = web.run("request", "-v", *isolate, *web.at, *ASK).ok()
    lines = [line for line in result.err.splitlines() if ", " in line and line.endswith(" ms")]
    assert all(LINE.fullmatch(line) for line in lines), lines
    traced = [LINE.fullmatch(line)[1] for line in lines]
    # p11-kit finalises through its own list: the shim is called as often as is told.
    called = [call.name for call in shim.calls()]
    assert traced[0] == "dlopen" and traced[-1] == "dlclose"
    assert [name for name in traced if name.startswith("C_")] == called
    assert web.pin not in result.err and result.out.startswith("-----BEGIN")
    assert "C_Sign" not in web.run("request", *web.at, *ASK).ok().err


def test_trace_tells_what_failed(web, shim):
    shim.script("C_Sign 1 return CKR_GENERAL_ERROR")
    result = web.run("request", "--verbose", "--json", *web.at, *ASK)
    assert ": C_Sign: CKR_GENERAL_ERROR, " in result.err and result.json["ok"] is False
    shim.script("C_Sign 1 crash")
    result = request(web, "-v")
    assert result.status == 6 and ": C_Sign\np11csr: error: " in result.err, result


def test_pin_of_the_environment_is_in_neither_process(web, shim):
    """The child wipes what it has read; its parent has a copy of its own."""
    shim.script("C_SignInit 1 hang")
    args = ("request", "--isolate", "--token", support.LABEL, *ASK, "--pin-source", "env:THE_PIN")
    parent = web.start(*args, env={"THE_PIN": support.PIN})
    try:
        wait_for_call(shim, "C_SignInit")
        found = subprocess.run(["pgrep", "-P", str(parent.pid)], capture_output=True, text=True, check=True)
        for pid in (parent.pid, int(found.stdout)):
            with open(f"/proc/{pid}/environ", "rb") as file:
                shown = file.read()
            assert b"SOFTHSM2_CONF=" in shown and support.PIN.encode() not in shown, pid
    finally:
        parent.terminate()
        parent.communicate(timeout=support.TIMEOUT)
