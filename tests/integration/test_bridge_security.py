"""TLS and SASL go to librdkafka as they are; what is wrong with them is told in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kafka"))

from broker import Broker, free_port  # noqa: E402
from rig import WEIR, Bridge, Service, config_text, produce, wait_for  # noqa: E402


def make_certificates(folder):
    """A certificate authority of our own, and a broker's key and certificate in one PEM file."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-days", "2", "-subj", "/CN=weir tests")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "broker.key", "-out", "broker.csr",
            "-subj", "/CN=127.0.0.1")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    openssl("x509", "-req", "-in", "broker.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-out",
            "broker.crt", "-days", "2", "-CAcreateserial", "-extfile", "names")
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", "broker.key", "-out", "broker.p8")
    (folder / "broker.pem").write_text((folder / "broker.p8").read_text() +
                                       (folder / "broker.crt").read_text())
    return folder / "ca.pem", folder / "broker.pem"


class SecureBroker(Broker):
    """PLAINTEXT for the test, SASL_PLAINTEXT and SSL for the bridge. `boss` may do all, `weir`
    nothing."""

    def __init__(self, folder):
        self.ca, pem = make_certificates(folder)
        self.sasl, self.tls = free_port(), free_port()
        super().__init__()
        self._extra = f"""
listeners=BROKER://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller},\\
SASL://127.0.0.1:{self.sasl},TLS://127.0.0.1:{self.tls}
advertised.listeners=BROKER://127.0.0.1:{self.port},SASL://127.0.0.1:{self.sasl},\\
TLS://127.0.0.1:{self.tls}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL
sasl.enabled.mechanisms=PLAIN
listener.name.sasl.plain.sasl.jaas.config=\\
org.apache.kafka.common.security.plain.PlainLoginModule required user_boss="right" user_weir="w";
ssl.keystore.type=PEM
ssl.keystore.location={pem}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:boss
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with SecureBroker(tmp_path_factory.mktemp("certificates")) as running:
        running.create_topic("orders", 2)
        produce(running.bootstrap, "orders", [(f"k{i}", str(i)) for i in range(100)])
        yield running


def sasl(user, password):
    return (f", client: {{ security.protocol: SASL_PLAINTEXT, sasl.mechanism: PLAIN, "
            f"sasl.username: {user}, sasl.password: {password} }}")


def tls(more=""):
    return f", client: {{ security.protocol: SSL{more} }}"


@pytest.mark.parametrize("way", ["sasl", "tls"])
def test_records_come_through(broker, tmp_path, way):
    service = Service()
    port = broker.sasl if way == "sasl" else broker.tls
    client = sasl("boss", "right") if way == "sasl" else tls(f", ssl.ca.location: {broker.ca}")
    with Bridge(tmp_path, brokers=f"127.0.0.1:{port}", to=service.url, group=way,
                consume=client) as bridge:
        wait_for(lambda: service.distinct() == 100, 40, "records are missing")
        assert bridge.stop() == 0
    service.stop()


def refused(folder, brokers, client):
    path = folder / "weir.yaml"
    path.write_text(config_text(brokers, "http://127.0.0.1:1", consume=client))
    return subprocess.run([WEIR, "bridge", "-c", path], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "NO_COLOR": "1"})


def test_a_wrong_password(broker, tmp_path):
    done = refused(tmp_path, f"127.0.0.1:{broker.sasl}", sasl("boss", "wrong"))
    assert done.returncode == 69
    assert "Authentication failed" in done.stderr, done.stderr
    assert "correct sasl.username and sasl.password" in done.stderr


def test_a_certificate_that_nobody_vouches_for(broker, tmp_path):
    done = refused(tmp_path, f"127.0.0.1:{broker.tls}", tls())
    assert done.returncode == 69
    assert "certificate" in done.stderr and "ssl.ca.location" in done.stderr, done.stderr


def test_a_user_who_may_not_read_the_topic(broker, tmp_path):
    done = refused(tmp_path, f"127.0.0.1:{broker.sasl}", sasl("weir", "w"))
    assert done.returncode == 78
    assert "authorization failed" in done.stderr.lower(), done.stderr
    assert "give this user READ, WRITE and DESCRIBE" in done.stderr
