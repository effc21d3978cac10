# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL and pgbouncer in a private world, with the files of etc/ as they stand."""
import glob
import os
import pwd
import shutil
import subprocess

from . import TOP
from .host import can_connect, run, wait_until

DATA = "/var/lib/world-postgresql"


def _as(user):
    entry = pwd.getpwnam(user)

    def change():
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    return change


def start_postgresql(host):
    bin_folder = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    os.makedirs(DATA)
    shutil.chown(DATA, "postgres", "postgres")
    os.makedirs("/run/postgresql", exist_ok=True)
    shutil.chown("/run/postgresql", "postgres", "postgres")
    run(f"{bin_folder}/initdb", "-D", DATA, "-A", "peer", "--no-sync", "-E", "UTF8",
        "--locale=C", stdout=subprocess.DEVNULL, preexec_fn=_as("postgres"), cwd="/")
    for name in ("pg_hba.conf", "pg_ident.conf"):
        with open(f"{TOP}/etc/postgresql/{name}", encoding="utf-8") as ours:
            text = ours.read()
        with open(f"{DATA}/{name}", "r+", encoding="utf-8") as theirs:
            old = theirs.read()
            theirs.seek(0)
            theirs.write(text + old)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-keyout", f"{DATA}/server.key", "-out", f"{DATA}/server.crt",
        stderr=subprocess.DEVNULL)
    for name in ("server.key", "server.crt"):
        os.chmod(f"{DATA}/{name}", 0o600)
        shutil.chown(f"{DATA}/{name}", "postgres", "postgres")
    with open(host.folder + "/postgresql.log", "ab") as output:
        host.postgresql = host.start(
            f"{bin_folder}/postgres", "-D", DATA, "-c", "ssl=on", "-c",
            "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=/run/postgresql", "-c",
            "max_connections=50", "-c", "fsync=off", stdout=output, stderr=output,
            preexec_fn=_as("postgres"), cwd="/")
    wait_until("PostgreSQL", lambda: run(
        "psql", "-h", "/run/postgresql", "-Atc", "select 1", "postgres", check=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_as("postgres"),
        cwd="/").returncode == 0, 20)
    sql("create role dblab_pool login; create role alice login; create role bob login")


def sql(text):
    return run("psql", "-h", "/run/postgresql", "-Atqc", text, "postgres",
               stdout=subprocess.PIPE, preexec_fn=_as("postgres"), cwd="/").stdout.decode()


def start_pgbouncer(host):
    for folder in ("/run/pgbouncer", "/var/log/pgbouncer"):
        os.makedirs(folder, exist_ok=True)
        shutil.chown(folder, "pgbouncer", "pgbouncer")
    os.makedirs("/etc/pgbouncer", exist_ok=True)
    shutil.copy(f"{TOP}/etc/pgbouncer/pgbouncer.ini", "/etc/pgbouncer/pgbouncer.ini")
    os.chmod("/etc/pgbouncer", 0o755)
    os.chmod("/etc/pgbouncer/pgbouncer.ini", 0o644)
    host.pgbouncer = host.start("/usr/sbin/pgbouncer", "/etc/pgbouncer/pgbouncer.ini",
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                preexec_fn=_as("pgbouncer"), cwd="/")
    wait_until("pgbouncer", lambda: can_connect(("127.0.0.1", 6432)))


def psql(user, token, port=6432, database="clones", text="select current_user", timeout=30,
         **kwargs):
    """One psql of `user`; the token is in a password file that exists as long as the call."""
    folder = "/run/world/psql"
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = f"{folder}/{os.getpid()}-{user}-{os.urandom(4).hex()}"
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as out:
        escaped = token.replace("\\", "\\\\").replace(":", "\\:")
        out.write(f"*:*:*:*:{escaped}\n")
    try:
        return run("psql", "-h", "127.0.0.1", "-p", str(port), "-U", user, "-w", "-Atqc", text,
                   database, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                   timeout=timeout, text=True,
                   env={"PATH": os.environ["PATH"], "PGPASSFILE": path, "PGSSLMODE": "prefer",
                        **kwargs}, cwd="/")
    finally:
        os.unlink(path)
