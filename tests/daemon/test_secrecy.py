# SPDX-License-Identifier: Apache-2.0
"""What the two processes may do, what they inherit, and where a token can be found: nowhere."""

import os
import re
import subprocess
from pathlib import Path

import pytest

import wire
from daemon import BUILD, wait_until


def sanitized():
    """Built with AddressSanitizer, which brings its own malloc, mlock and address space."""
    return b"__asan_init" in (BUILD / "dblab-authd").read_bytes()


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def links_of(program):
    done = subprocess.run(["readelf", "-d", program], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("no readelf here")
    return re.findall(r"NEEDED.*\[(.*?)\]", done.stdout)


def test_the_checker_has_no_powers(running):
    pid = running.daemon.wait_checker()
    running.daemon.auth("token-of-alice")
    status = wait_until(lambda: status_of(pid)["Seccomp"] == "2" and status_of(pid), "seccomp")
    assert status["Uid"].split() == ["990"] * 4 and status["Gid"].split() == ["990"] * 4
    assert status["Groups"].strip() == ""
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[name], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert Path(f"/proc/{pid}/environ").read_bytes() == b""
    assert Path(f"/proc/{pid}/cmdline").read_bytes() == b"dblab-authd-checker\0"
    assert os.stat(f"/proc/{pid}/environ").st_uid == 0  # not dumpable: root's
    assert "0" in re.search(r"Max core file size\s+(\d+)",
                            Path(f"/proc/{pid}/limits").read_text()).group(1)


def test_the_checker_has_only_its_descriptors(running):
    """The link, the authority's file or none, its own loop; no file of the keeper's."""
    pid = running.daemon.wait_checker()
    running.daemon.auth("token-of-alice")
    targets = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    files = [t for t in targets if t.startswith("/") and t not in ("/dev/null", "/dev/urandom")]
    assert set(files) <= {str(running.daemon.log_path),
                          str(running.platform.certificates / "ca.crt")}


def test_the_keeper_has_few_powers_and_no_network(running):
    pid = running.daemon.process.pid
    running.daemon.auth("token-of-alice")
    status = status_of(pid)
    assert status["CapEff"] == status["CapPrm"]
    assert bin(int(status["CapEff"], 16)).count("1") <= 8
    assert bin(int(status["CapBnd"], 16)).count("1") <= 8
    assert int(status["CapInh"], 16) == int(status["CapAmb"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    assert command.startswith(str(running.daemon.program).encode())
    sockets = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    inodes = {t[8:-1] for t in sockets if t.startswith("socket:[")}
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "packet"):
        path = Path(f"/proc/{pid}/net/{table}")
        used = path.read_text().split() if path.exists() else []
        assert not inodes & set(used)


def test_who_links_what(running):
    keeper = " ".join(links_of(running.daemon.program))
    assert "libcurl" not in keeper and "libjansson" not in keeper and "libssl" not in keeper
    checker = " ".join(links_of(running.daemon.checker_program))
    assert "libcurl" in checker and "libjansson" in checker
    assert "libsodium" not in checker and "libconfig" not in checker and "libcap." not in checker


def test_the_checker_cannot_exec(running):
    """Its filter kills it for the try; asked of the kernel with the filter itself."""
    pid = running.daemon.wait_checker()
    wait_until(lambda: status_of(pid)["Seccomp"] == "2", "seccomp")
    assert status_of(pid)["Seccomp_filters"].strip() >= "1"
    try:
        filters = read_filter(pid)
    except OSError as error:
        pytest.skip(f"the kernel does not give filters away: {error}")
    for number in (59, 322, 101, 310, 311):  # execve, execveat, ptrace, process_vm_*
        assert run_filter(filters, number) == 0x80000000  # SECCOMP_RET_KILL_PROCESS
    for number in (57, 58, 435, 41 + 0x40000000):  # fork, vfork, clone3, x32
        assert run_filter(filters, number) != 0x7FFF0000  # SECCOMP_RET_ALLOW


def read_filter(pid):
    """PTRACE_SECCOMP_GET_FILTER of filter 0, as (code, jt, jf, k) tuples."""
    import ctypes
    import struct

    if os.uname().machine != "x86_64":
        raise OSError("another architecture")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 2 + [ctypes.c_void_p] * 2
    libc.ptrace.restype = ctypes.c_long

    def ptrace(request, address, data):
        found = libc.ptrace(request, pid, address, data)
        if found < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return found

    ptrace(0x4206, 0, 0)  # PTRACE_SEIZE
    try:
        ptrace(0x4207, 0, 0)  # PTRACE_INTERRUPT
        os.waitpid(pid, 0x40000000)
        count = ptrace(0x420C, 0, None)
        buf = ctypes.create_string_buffer(count * 8)
        ptrace(0x420C, 0, buf)
        return list(struct.iter_unpack("<HBBI", buf.raw))
    finally:
        libc.ptrace(17, pid, 0, 0)  # PTRACE_DETACH


def run_filter(program, number):
    """As the kernel runs it (classic BPF, the instructions that libseccomp makes)."""
    data = {0: number, 4: 0xC000003E}  # struct seccomp_data of x86_64, arguments 0
    at, a = 0, 0
    while True:
        code, jump_true, jump_false, k = program[at]
        at += 1
        if code == 0x20:  # ld [k]
            a = data.get(k, 0)
        elif code == 0x15:  # jeq
            at += jump_true if a == k else jump_false
        elif code == 0x25:  # jgt
            at += jump_true if a > k else jump_false
        elif code == 0x35:  # jge
            at += jump_true if a >= k else jump_false
        elif code == 0x45:  # jset
            at += jump_true if a & k else jump_false
        elif code == 0x54:  # and
            a &= k
        elif code == 0x05:  # ja
            at += k
        elif code == 0x06:  # ret
            return k
        else:
            raise AssertionError(f"unknown instruction {code:#x}")


# ---- the environment ----

def test_a_hostile_environment_changes_nothing(world, certificates):
    evil = world.folder / "evil.so"
    trace = world.folder / "preloaded"
    source = world.folder / "evil.c"
    source.write_text('#include <fcntl.h>\n#include <unistd.h>\n'
                      '__attribute__((constructor)) static void run(void)\n'
                      '{ if (getuid() == 990)\n'
                      f'close(open("{trace}", O_CREAT | O_WRONLY, 0666)); }}\n')
    built = subprocess.run(["cc", "-shared", "-fPIC", "-o", evil, source], capture_output=True)
    proxy = f"http://127.0.0.1:{world.platform.trap}"
    keys = world.folder / "keys"
    keys.mkdir(mode=0o777)
    os.chmod(keys, 0o777)
    environment = {
        **dict.fromkeys("http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY".split(), proxy),
        "SSLKEYLOGFILE": str(keys / "log"),
        "SSL_CERT_FILE": str(certificates / "self-signed.crt"),
        "SSL_CERT_DIR": "/nonexistent", "CURL_CA_BUNDLE": "/nonexistent",
        "OPENSSL_CONF": str(certificates / "ca.crt"), "OPENSSL_MODULES": str(keys),
        "HOME": str(keys), "CURL_HOME": str(keys), "LC_ALL": "tr_TR.UTF-8", "TZ": ":/etc/passwd",
        "LD_LIBRARY_PATH": str(keys), "RES_OPTIONS": "attempts:0", "HOSTALIASES": "/etc/passwd",
        "MALLOC_CHECK_": "3", "LD_DEBUG_OUTPUT": str(keys / "debug"), "GCONV_PATH": str(keys),
        "EVENT_SHOW_METHOD": "1", "LISTEN_PID": "1", "LISTEN_FDS": "7",
    }
    # A sanitizer's library wants to be the first, and says so by ending the program.
    if built.returncode == 0 and not sanitized():
        environment["LD_PRELOAD"] = str(evil)
    (keys / ".netrc").write_text("default login evil password evil\n")
    (keys / ".curlrc").write_text("proxy = evil\n")
    world.start(**environment)
    world.settle()
    assert str(world.daemon.auth("token-of-alice")) == "accepted/valid/none"
    assert world.platform.counts()["trap_connections"] == 0
    assert "authorization" not in world.platform.requests()[-1]["headers"]
    assert sorted(path.name for path in keys.iterdir()) == [".curlrc", ".netrc"]
    assert not trace.exists()  # the checker's environment was empty before its first library


def test_the_platforms_certificate_is_not_believed_by_the_environments_word(world, certificates):
    del world.config["platform"]["caFile"]
    world.start(SSL_CERT_FILE=str(certificates / "ca.crt"), CURL_CA_BUNDLE=str(
        certificates / "ca.crt"), SSL_CERT_DIR=str(certificates))
    assert world.daemon.auth("token-of-alice").result == "unavailable"
    world.daemon.wait_log("cause=tls")


# ---- where tokens are ----

# Long, so that nothing else looks like them.
SECRETS = [f"{word}-3f9c1e5a7b2d4860" for word in
           ("own", "alice", "wrong", "verification", "hanging", "unknown", "undecided")]


def test_no_token_is_anywhere(world, syslog):
    own, alice, wrong, verification, hanging, unknown, odd = SECRETS
    (world.folder / "access-token").write_text(own + "\n")
    secret = world.folder / "verification"
    secret.write_text(verification)
    secret.chmod(0o600)
    world.config.groups["tokens"] = {
        "verificationTokenFile": str(secret), "verificationUsers": ["setup"]}
    world.platform.add(own, 1, False, None)
    world.platform.add(alice)
    world.platform.add(wrong, 2)
    world.platform.token_all(hanging, "hang")
    world.platform.token_all(odd, "200-html")
    world.start()
    world.settle()
    daemon = world.daemon
    for token in (alice, wrong, verification, unknown, odd, hanging, alice + "\x01"):
        daemon.ask(wire.AUTH, token=token, user="alice", service="sshd", uid=2001, again=False)
        daemon.ask(wire.CHECK, token=token, user="alice", service="sshd", again=False)
    daemon.auth(verification, user="setup", uid=2005)
    daemon.auth(alice, user=alice[:32])
    daemon.account()
    os.kill(daemon.wait_checker(), 9)
    daemon.auth(unknown + "2")
    daemon.ask(wire.RELOAD)
    world.platform.revoke(alice)
    wait_until(lambda: daemon.account().result == "refused", "the revocation")
    world.platform.restore(alice)
    daemon.auth(alice)

    said = {"status": str(daemon.status()), "metrics": str(daemon.metrics()),
            "log": daemon.log(), "syslog": syslog.text(),
            "dump": daemon.command("--dump").stdout}
    assert said["syslog"]
    for path in daemon.run.rglob("*"):
        if path.is_file():
            said[str(path)] = path.read_bytes().decode("latin-1")
    for path in Path("/var/lib/dblab-auth").rglob("*"):
        if path.is_file():
            said[str(path)] = path.read_bytes().decode("latin-1")
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            for name in ("cmdline", "environ", "comm"):
                try:
                    said[str(entry / name)] = (entry / name).read_bytes().decode("latin-1")
                except OSError:
                    pass
    for where, text in said.items():
        for token in SECRETS:
            # A user name that was given is shown; it may be anything, and it was given as one.
            assert token not in text.replace(f'user="{alice[:32]}"', ""), where


@pytest.mark.skipif(sanitized(), reason="under a sanitizer mlock(2) does nothing")
def test_memory_with_tokens_is_locked_or_said_not_to_be(running):
    running.daemon.auth("token-of-alice")
    locked = status_of(running.daemon.process.pid)["VmLck"].split()[0]
    assert running.daemon.status()["memory_locked"] == ("yes" if int(locked) > 0 else "no")


@pytest.mark.skipif(sanitized(), reason="a sanitizer's shadow memory is too large to be read")
def test_tokens_are_gone_from_the_checkers_memory(running):
    """After its answers; root may read it here, whatever it is not dumpable."""
    token = "gone-5b1f0c7a9d3e2468"
    running.platform.add(token)
    running.daemon.auth(token, service="pgbouncer")
    running.daemon.auth("token-of-bob", user="bob", uid=2002)
    pid = running.daemon.wait_checker()
    found = []
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                span, mode, *_ = line.split()
                if not mode.startswith("rw"):
                    continue
                start, end = (int(x, 16) for x in span.split("-"))
                memory.seek(start)
                try:
                    if token.encode() in memory.read(end - start):
                        found.append(line)
                except OSError:
                    pass
    except OSError as error:
        pytest.skip(f"its memory cannot be read: {error}")
    assert not found


