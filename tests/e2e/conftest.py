# SPDX-License-Identifier: Apache-2.0
"""One private world for all end-to-end tests: real sshd, sudo, su, PostgreSQL, pgbouncer, nginx."""
import os
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import world  # noqa: E402


def pytest_configure(config):
    if not world.is_inside() and world.can_enter() and not config.option.collectonly:
        # The capture of pytest must not hold back what the inner one prints.
        config.pluginmanager.getplugin("capturemanager").suspend_global_capture(in_=True)
        world.enter()


def pytest_collection_modifyitems(items):
    if not world.is_inside():
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs root for a private world"))


BOUND = 6.0


@pytest.fixture(scope="session")
def everything():
    from world import databases, platform
    from world.host import Host
    host = Host()
    host.install()
    client = platform.start_platform(host)
    host.configure(platform.URL, host.ca, platform.OWN, bound=BOUND)
    host.start_daemon()
    host.start_sshd()
    databases.start_postgresql(host)
    databases.start_pgbouncer(host)
    _start_nginx(host)
    _make_key(host)
    yield host, client
    host.stop_all()


def _start_nginx(host):
    from world.host import can_connect, wait_until
    shutil.copy("/etc/pam.d/pgbouncer", "/etc/pam.d/nginx")
    for path in ("/var/log/nginx", "/var/lib/nginx"):
        os.makedirs(path, exist_ok=True)
    os.makedirs("/var/www/protected", exist_ok=True)
    with open("/var/www/protected/index.html", "w", encoding="ascii") as out:
        out.write("protected\n")
    with open("/etc/nginx/nginx.conf", "w", encoding="ascii") as out:
        out.write("""load_module modules/ngx_http_auth_pam_module.so;
user www-data; worker_processes 1; daemon off; pid /run/nginx.pid;
error_log /var/log/nginx/error.log; events {}
http { access_log off; server { listen 127.0.0.1:8080; root /var/www;
""" + open(f"{world.TOP}/etc/nginx/dblab.conf", encoding="ascii").read() + "} }\n")
    host.nginx = host.start("/usr/sbin/nginx", stderr=subprocess.DEVNULL)
    wait_until("nginx", lambda: can_connect(("127.0.0.1", 8080)))


def _make_key(host):
    from world.host import run
    host.key = host.folder + "/key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host.key)
    for name in ("alice", "bob", "carol"):
        folder = f"/home/{name}/.ssh"
        os.makedirs(folder, exist_ok=True)
        shutil.copy(host.key + ".pub", f"{folder}/authorized_keys")
        shutil.chown(folder, name, name)
        shutil.chown(f"{folder}/authorized_keys", name, name)
        os.chmod(folder, 0o700)


@pytest.fixture
def host(everything):
    """Each test starts with a fresh daemon (nothing remembered, nothing limited) and Platform."""
    from world import platform
    from world.host import wait_until
    the_host, client = everything
    platform.reset_platform(client)
    the_host.stop(the_host.daemon)
    client.reset()
    the_host.start_daemon()
    wait_until("the own token's check", lambda: client.counts()["requests"] > 0)
    return the_host


@pytest.fixture
def platformd(everything, host):
    del host
    return everything[1]
