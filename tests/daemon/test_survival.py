# SPDX-License-Identifier: Apache-2.0
"""What the daemon outlives: its checker, itself, its configuration, its file system, the clock."""

import os
import signal
import socket
import subprocess
import threading
import time

import pytest

import wire
from conftest import new_folder
from daemon import Syslog, wait_until


def login(token="token-of-alice", user="alice", uid=2001, service="sshd", **fields):
    return wire.request(wire.AUTH, token=token, user=user, service=service, uid=uid, **fields)


def people(world, count):
    world.platform.add_many("person-", count, 1, "acme.io")
    return [login(f"person-{i}", f"user{i}", 5000 + i, wait_ms=10000) for i in range(count)]


# ---- the checker ----

@pytest.mark.parametrize("name", ["SIGKILL", "SIGSTOP", "SIGSEGV", "SIGTERM"])
def test_a_checker_that_ends_or_hangs_loses_no_login(world, name):
    # Who hangs is found out within a second, and then asked again: T must leave room.
    world.config["platform"].update(timeout=3.0)
    world.config["revocation"]["bound"] = 30.0
    world.start()
    world.settle()
    world.platform.latency(300)
    first = world.daemon.wait_checker()
    crowd = wire.Crowd(world.daemon.socket, people(world, 100))
    world.platform.wait_requests(50)
    os.kill(first, getattr(signal, name))
    assert {str(reply) for reply in crowd.replies()} == {"accepted/valid/none"}
    assert world.daemon.wait_checker() != first
    assert len(world.daemon.lines("checker replaced")) == 1
    assert world.daemon.metrics()["dblab_auth_checker_lost_total"] == 1


def test_a_checker_that_is_killed_again_and_again(running):
    frames = people(running, 40)
    running.platform.latency(20)
    done = threading.Event()

    def killer():
        while not done.wait(0.05):
            pid = running.daemon.checker_pid()
            if pid is not None:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        replies = wire.Crowd(running.daemon.socket, frames).replies()
    finally:
        done.set()
        thread.join()
    assert {reply.result for reply in replies} <= {"accepted", "unavailable"}
    wait_until(lambda: running.daemon.auth("token-of-alice").result == "accepted", "a login")


def test_a_checker_that_cannot_be_started(world):
    daemon = world.make()
    daemon.checker_program.write_text("#!/bin/sh\nexit 1\n")
    daemon.start()
    assert daemon.auth("token-of-alice").result == "unavailable"
    assert daemon.account().result in ("refused", "unavailable")
    assert daemon.status()["reachable"] == "0"


def test_the_checker_ends_with_its_keeper(running):
    checker = running.daemon.wait_checker()
    running.daemon.kill()
    wait_until(lambda: not os.path.exists(f"/proc/{checker}"), "its end")


# ---- the keeper ----

@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_restarted_during_200_logins_none_fails(world, how):
    daemon = world.make()
    daemon.listen()
    daemon.start()
    world.settle()
    frames = people(world, 200)
    world.platform.latency(30)
    replies = []

    def caller(mine):
        for frame in mine:
            replies.append(wire.ask(daemon.socket, frame))

    callers = [threading.Thread(target=caller, args=(frames[i::20],)) for i in range(20)]
    for thread in callers:
        thread.start()
    for count in (20, 60, 100):
        wait_until(lambda: len(replies) >= count, f"{count} logins")
        daemon.process.send_signal(getattr(signal, how))
        daemon.process.wait()
        daemon.start()
    for thread in callers:
        thread.join()
    assert [reply.result for reply in replies] == ["accepted"] * 200


def test_without_activation_its_own_socket(running):
    daemon = running.daemon
    daemon.stop()
    daemon.start()
    assert daemon.auth("token-of-alice").result == "accepted"
    assert oct(daemon.socket.stat().st_mode)[-3:] == "666"
    assert oct(daemon.run.stat().st_mode)[-3:] == "755"
    assert oct((daemon.run / "policy").stat().st_mode)[-3:] == "644"


def test_the_policy_is_left_in_place(running):
    before = (running.daemon.run / "policy").read_text()
    assert before.startswith("dblab-auth-policy 1\n") and before.endswith("end\n")
    running.daemon.stop()
    assert (running.daemon.run / "policy").read_text() == before


def test_a_second_daemon_is_refused_and_the_first_goes_on(running):
    first = running.daemon
    second = running.make()
    assert "another dblab-authd is running" in second.fails_to_start()
    assert first.auth("token-of-alice").result == "accepted"


def test_ready_does_not_wait_for_the_platform(world):
    world.platform.listener("silent")
    world.start()
    assert world.daemon.status()["reachable"] == "0"


def test_logins_wait_for_the_first_answer_about_the_own_token(world):
    world.platform.latency(300)
    world.start()
    assert world.daemon.auth("token-of-alice").result == "accepted"


def test_sigterm_ends_it_in_order(running):
    running.daemon.process.send_signal(signal.SIGTERM)
    assert running.daemon.process.wait(20) == 0
    assert running.daemon.lines("stopped$")


# ---- the configuration ----

BROKEN = {
    "syntax": lambda c: c.groups.update({"identity": "{"}),
    "unknown key": lambda c: c["platform"].update(colour="red"),
    "wrong type": lambda c: c["platform"].update(timeout="soon"),
    "out of range": lambda c: c["platform"].update(timeout=0.001),
    "bound too small": lambda c: c["revocation"].update(bound=1.5),
    "http to elsewhere": lambda c: c["platform"].update(url="http://acme.io/api"),
    "http to a high port": lambda c: c["platform"].update(url="http://127.0.0.1:8080/api"),
    "no token and no orgId": lambda c: c["platform"].pop("accessTokenFile"),
    "a file that is not there": lambda c: c["platform"].update(caFile="/nowhere/ca.crt"),
    "a domain that is none": lambda c: c["identity"].update(domain="acme..io"),
    "root as administrative user": lambda c: c.groups.update(
        tokens={"administrativeUsers": ["root"]}),
    "a service twice": lambda c: c["services"].append({"name": "sshd"}),
    "callers at a service with accounts": lambda c: c["services"][0].update(callers=["postgres"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_configuration_does_not_start(world, name):
    BROKEN[name](world.config)
    daemon = world.make()
    said = daemon.fails_to_start()
    assert f"{daemon.path.name}:" in said and "cannot start" in said
    checked = daemon.command("--check")
    assert checked.returncode == 1
    assert checked.stderr.startswith(str(daemon.path) + ":")
    assert not daemon.socket.exists()


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_reload_changes_nothing(world, name):
    good = world.config.copy()
    daemon = world.start()
    world.settle()
    daemon.auth("token-of-alice")
    policy = (daemon.run / "policy").read_text()
    BROKEN[name](world.config)
    daemon.write()
    reply = daemon.ask(wire.RELOAD)
    assert str(reply) == "refused/configuration/none"
    assert daemon.path.name + ":" in reply.text
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_log("reload result=refused", 2)
    assert (daemon.run / "policy").read_text() == policy
    assert daemon.auth("token-of-alice").result == "accepted"
    daemon.write(good)
    assert daemon.ask(wire.RELOAD).result == "accepted"
    assert daemon.auth("token-of-bob", user="bob", uid=2002).result == "accepted"


def chmod(path, mode):
    os.chmod(path, mode)


UNSAFE = {
    "configuration of somebody else": lambda d: os.chown(d.path, 2001, 2001),
    "configuration writable by others": lambda d: chmod(d.path, 0o602),
    "configuration writable by its group": lambda d: chmod(d.path, 0o660),
    "token readable by others": lambda d: chmod(d.config["platform"]["accessTokenFile"], 0o604),
    "folder of somebody else": lambda d: os.chown(d.folder, 2001, 2001),
    "folder writable by others": lambda d: chmod(d.folder, 0o757),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_files_are_refused_with_what_mends_them(world, name):
    daemon = world.make()
    UNSAFE[name](daemon)
    said = daemon.fails_to_start()
    assert "mend it with: ch" in said
    chmod(daemon.folder, 0o755)
    os.chown(daemon.folder, 0, 0)


def test_a_secret_in_the_configuration_is_not_readable_by_others(world):
    del world.config["platform"]["accessTokenFile"]
    world.config["platform"]["accessToken"] = "own-token-of-the-organization"
    daemon = world.make()
    chmod(daemon.path, 0o644)
    daemon.fails_to_start()
    chmod(daemon.path, 0o600)
    assert daemon.start().auth("token-of-alice").result == "accepted"


def test_a_reload_takes_effect(running):
    daemon = running.daemon
    assert daemon.auth("token-of-alice", service="ftp").reason == "service"
    running.config["services"].append({"name": "ftp"})
    daemon.write()
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_log("reload result=done")
    assert daemon.auth("token-of-alice", service="ftp").result == "accepted"
    assert "service ftp unix local" in (daemon.run / "policy").read_text()


def test_a_reload_with_another_domain(running):
    daemon = running.daemon
    daemon.auth("token-of-alice", service="pgbouncer")
    running.config["identity"]["domain"] = "other.io"
    daemon.write()
    reply = daemon.ask(wire.RELOAD, service="force")
    assert reply.result == "accepted", reply.text
    assert str(daemon.auth("token-of-alice")) == "refused/other-user/none"
    assert daemon.account().result == "refused"


def test_a_reload_to_another_platform_does_not_believe_the_old_one(running, certificates):
    from daemon import Platform
    daemon = running.daemon
    daemon.auth("token-of-alice", service="pgbouncer")
    other = Platform(new_folder(), certificates)
    try:
        other.add("own-token-of-the-organization", 1, False, None)
        running.config["platform"]["url"] = f"https://localhost:{other.port}/api/general"
        daemon.write()
        assert daemon.ask(wire.RELOAD).result == "accepted"
        wait_until(lambda: daemon.auth("token-of-alice", service="pgbouncer").result == "refused",
                   "the other Platform's answer")
    finally:
        other.stop()


def test_reloads_during_logins(running):
    frames = people(running, 200)
    running.platform.latency(20)
    crowd = wire.Crowd(running.daemon.socket, frames)
    for _ in range(20):
        assert running.daemon.ask(wire.RELOAD).result == "accepted"
    assert {reply.result for reply in crowd.replies()} == {"accepted"}


def test_check_and_dump(world):
    daemon = world.make()
    assert daemon.command("--check").returncode == 0
    dumped = daemon.command("--dump")
    assert dumped.returncode == 0
    assert "own-token" not in dumped.stdout
    for line in ("domain", "bound", "failuresPerMinute"):
        assert line in dumped.stdout
    again = daemon.folder / "dumped.conf"
    again.write_text(dumped.stdout)
    again.chmod(0o600)
    second = subprocess.run([daemon.program, "--config", again, "--dump"], capture_output=True,
                            text=True)
    assert second.stdout == dumped.stdout, second.stderr


@pytest.mark.parametrize("arguments, code", [
    (["--help"], 0), (["--version"], 0), (["--colour"], 64), (["--check", "--dump"], 64),
    (["extra"], 64)])
def test_exit_codes_of_the_command_line(world, arguments, code):
    daemon = world.make()
    done = subprocess.run([daemon.program, *arguments], capture_output=True, text=True, timeout=20)
    assert done.returncode == code
    assert (done.stdout if code == 0 else done.stderr)


# ---- file systems ----

def mount_run(folder, *options):
    (folder / "run").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", *options, "none", folder / "run"], check=True)


def umount_run(folder):
    subprocess.run(["umount", "-l", folder / "run"], check=True)


def test_a_read_only_file_system_at_start(world):
    mount_run(world.folder, "-o", "ro,mode=755")
    try:
        said = world.make().fails_to_start()
        assert "Read-only file system" in said and "cannot start" in said
    finally:
        umount_run(world.folder)


def test_a_full_disk_at_start(world):
    mount_run(world.folder, "-o", "size=4k,mode=755")
    try:
        with open(world.folder / "run" / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass
        said = world.make().fails_to_start()
        assert "No space left on device" in said and "cannot start" in said
        assert not (world.folder / "run" / "policy").exists()
        (world.folder / "run" / "filler").unlink()
        assert world.daemon.start().auth("token-of-alice").result == "accepted"
    finally:
        world.daemon.stop()
        umount_run(world.folder)


def test_a_run_directory_that_others_may_write(world):
    (world.folder / "run").mkdir(mode=0o777)
    chmod(world.folder / "run", 0o777)
    assert "must be root's and writable by root alone" in world.make().fails_to_start()


def test_no_system_user(world):
    from host import ACCOUNTS
    with open("/run/etc/passwd", encoding="ascii") as file:
        before = file.read()
    try:
        with open("/run/etc/passwd", "w", encoding="ascii") as file:
            file.write("".join(line for line in before.splitlines(True)
                               if not line.startswith("dblab-auth:")))
        assert "useradd --system" in world.make().fails_to_start()
    finally:
        with open("/run/etc/passwd", "w", encoding="ascii") as file:
            file.write(before)
    assert ACCOUNTS["dblab-auth"]


# ---- clocks ----

def test_a_stepped_wall_clock_changes_nothing(running):
    """The clock is the whole machine's: it is stepped for a moment, and only where it may be."""
    if os.environ.get("DBA_STEP_CLOCK") != "1":
        pytest.skip("steps the machine's clock; set DBA_STEP_CLOCK=1 to allow it")
    daemon = running.daemon
    daemon.auth("token-of-alice", service="pgbouncer")
    real = time.clock_gettime(time.CLOCK_REALTIME)
    start = time.monotonic()
    try:
        for step in (-86400 * 30, 86400 * 30):
            time.clock_settime(time.CLOCK_REALTIME, real + step)
            assert daemon.auth("token-of-alice", service="pgbouncer").result == "accepted"
            assert daemon.status()["reachable"] == "1"
    finally:
        time.clock_settime(time.CLOCK_REALTIME, real + time.monotonic() - start)
    assert running.platform.counts("token-of-alice")["requests"] == 1


def test_suspended_time_ages_verdicts(world):
    """A boot clock that is days ahead of the monotonic one, as after a night's sleep."""
    try:
        subprocess.run(["unshare", "--time", "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no time namespaces here")
    daemon = world.make()
    inner = daemon.program.with_name("real")
    daemon.program.rename(inner)
    daemon.program.write_text(
        f"#!/bin/sh\nexec unshare --time --boottime 864000 -- {inner} \"$@\"\n")
    daemon.program.chmod(0o755)
    daemon.start()
    world.settle()
    fields = {"service": "pgbouncer", "uid": wire.NO_UID}
    assert daemon.auth("token-of-alice", **fields).result == "accepted"
    assert daemon.auth("token-of-alice", **fields).result == "accepted"
    assert world.platform.counts("token-of-alice")["requests"] == 1
    assert float(daemon.status()["seconds_since_answer"]) < 20
    world.platform.revoke("token-of-alice")
    wait_until(lambda: daemon.auth("token-of-alice", **fields).result == "refused", "its age")


def test_a_notify_socket_that_nobody_reads(world):
    daemon = world.make(NOTIFY_SOCKET="/nowhere/notify")
    daemon.launch()
    wait_until(daemon.socket.exists, "its socket")
    assert wait_until(lambda: daemon.auth("token-of-alice"), "an answer").result == "accepted"


def test_a_log_that_nobody_reads_holds_up_no_login(world):
    """syslog(3) would wait for ever where the queue of /dev/log is full."""
    log = Syslog(reads=False)
    try:
        world.start()
        for number in range(100):
            reply = world.daemon.auth("token-of-alice", rhost=f"192.0.2.{number}", seconds=3)
            assert reply.result == "accepted"
    finally:
        log.close()


def test_what_listens_on_descriptor_3_is_taken_only_if_it_is_meant(world):
    """LISTEN_PID of another process: the socket is made by the daemon itself."""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(world.folder / "other"))
        other.listen()
        daemon = world.make(LISTEN_FDS="1", LISTEN_PID="1")
        daemon.start()
        assert daemon.auth("token-of-alice").result == "accepted"
