import json
import os

import pytest

with open(os.environ["HUNDRED_LIST"]) as f:
    HAS = json.load(f)
PORTS = os.environ["HUNDRED_PORTS"].split()


@pytest.mark.parametrize("name", HAS["packages"])
def test_package(host, name):
    assert host.package(name).is_installed


@pytest.mark.parametrize("path", HAS["regular"])
def test_regular(host, path):
    assert host.file(path).is_file


@pytest.mark.parametrize("path", HAS["directories"])
def test_directory(host, path):
    assert host.file(path).is_directory


@pytest.mark.parametrize("path", HAS["mode0644"])
def test_mode(host, path):
    assert host.file(path).mode == 0o644


@pytest.mark.parametrize("path", HAS["root"])
def test_owner(host, path):
    assert host.file(path).user == "root"


@pytest.mark.parametrize("number", PORTS)
def test_port(host, number):
    assert host.socket("tcp://127.0.0.1:" + number).is_listening


@pytest.mark.parametrize("name", HAS["users"])
def test_user(host, name):
    assert host.user(name).exists


@pytest.mark.parametrize("name", HAS["groups"])
def test_group(host, name):
    assert host.group(name).exists


@pytest.mark.parametrize("name", HAS["processes"])
def test_process(host, name):
    assert host.process.filter(comm=name)


@pytest.mark.parametrize("script", HAS["commands"])
def test_command(host, script):
    assert host.run(script).rc == 0
