"""TLS on both sides: whom we trust, what is agreed on, resumption, certificates that change."""

import socket
import ssl
import subprocess
import time
from contextlib import contextmanager

import pytest

from proxy_harness import WEIR, Origin, Proxy, Wire, echo, eventually
from test_h2_conformance import h2spec


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """Signs certificates into a folder."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.file = folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", self.file)

    def sign(self, name, alternative):
        base = self.folder / name
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout",
                f"{base}.key", "-out", f"{base}.csr")
        base.with_suffix(".ext").write_text(f"subjectAltName={alternative}\n")
        openssl("x509", "-req", "-days", "2", "-in", f"{base}.csr", "-CA", self.file, "-CAkey",
                self.folder / f"{self.name}.key", "-CAcreateserial", "-extfile", f"{base}.ext",
                "-out", f"{base}.pem")
        return f"{base}.pem", f"{base}.key"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def shop(authority):
    return authority.sign("shop", "DNS:shop.test,IP:127.0.0.1")


@contextmanager
def running(targets, *flags):
    proxy = Proxy(targets, *flags)
    try:
        yield proxy
        assert proxy.alive(), "the proxy died: " + "".join(proxy.log)
    finally:
        proxy.stop()


@pytest.fixture(scope="module")
def secured(shop):
    origin = Origin(echo)
    with running([origin.url], "--tls-cert", shop[0], "--tls-key", shop[1]) as proxy:
        yield proxy
    origin.close()


def client_context(authority, *protocols, minimum=None, maximum=None):
    context = ssl.create_default_context(cafile=authority.file)
    if protocols:
        context.set_alpn_protocols(protocols)
    if minimum:
        context.minimum_version = minimum
    if maximum:
        context.maximum_version = maximum
    return context


def connect(proxy, context, name="shop.test", session=None):
    raw = socket.create_connection(("127.0.0.1", proxy.port), timeout=20)
    return context.wrap_socket(raw, server_hostname=name, session=session)


def ask(connection, path="/"):
    wire = Wire(connection)
    wire.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return wire.response()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_http1_over_each_version(secured, authority, version):
    context = client_context(authority, minimum=version, maximum=version)
    with connect(secured, context) as connection:
        for i in range(3):
            assert ask(connection, f"/{i}")[2] == b"GET /%d HTTP/1.1\n" % i


def test_old_versions_and_strangers_protocols_are_refused(secured, authority):
    context = client_context(authority, "spdy/3")
    with pytest.raises(ssl.SSLError):
        connect(secured, context)
    wire = secured.connect()
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")  # no TLS at all
    assert not wire.rest().startswith(b"HTTP/")


def test_alpn_prefers_h2_and_falls_back(secured, authority):
    assert connect(secured, client_context(authority, "h2", "http/1.1"))\
        .selected_alpn_protocol() == "h2"
    assert connect(secured, client_context(authority, "http/1.1"))\
        .selected_alpn_protocol() == "http/1.1"
    assert connect(secured, client_context(authority)).selected_alpn_protocol() is None


def test_curl_speaks_both_and_the_origin_hears_https(authority, shop):
    seen = []

    def serve(connection, _number):
        wire = Wire(connection)
        while (head := wire.head()) is not None:
            seen.append(head[1])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    origin = Origin(serve)
    with running([origin.url], "--tls-cert", shop[0], "--tls-key", shop[1]) as proxy:
        for flag, version in (("--http2", "2"), ("--http1.1", "1.1")):
            done = subprocess.run(
                ["curl", "-sS", flag, "--cacert", authority.file, "-w", "%{http_version}",
                 f"https://127.0.0.1:{proxy.port}/"], capture_output=True, text=True, timeout=20)
            assert done.stdout == "ok" + version, done.stderr
    origin.close()
    assert [fields["x-forwarded-proto"] for fields in seen] == ["https", "https"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_resume(secured, authority, version):
    context = client_context(authority, minimum=version, maximum=version)
    with connect(secured, context) as connection:
        ask(connection)  # in TLS 1.3 the ticket comes after the handshake
        session = connection.session
    with connect(secured, context, session=session) as connection:
        assert ask(connection)[0] == 200
        assert connection.session_reused


def test_the_name_chooses_the_certificate(authority, shop):
    depot = authority.sign("depot", "DNS:depot.test")
    origin = Origin(echo)
    with running([origin.url], "--tls-cert", shop[0], "--tls-key", shop[1], "--tls-cert",
                 depot[0], "--tls-key", depot[1]) as proxy:
        for name in ("shop.test", "depot.test"):  # each is verified against the name
            with connect(proxy, client_context(authority), name) as connection:
                assert ask(connection)[0] == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(proxy, client_context(authority), "other.test")
    origin.close()


def test_callers_must_prove_who_they_are(authority, shop, tmp_path):
    mine = authority.sign("mine", "DNS:mine.test")
    strangers = Authority(tmp_path, "strangers").sign("stranger", "DNS:stranger.test")
    origin = Origin(echo)
    with running([origin.url], "--tls-cert", shop[0], "--tls-key", shop[1], "--tls-client-ca",
                 str(authority.file)) as proxy:
        for identity, welcome in ((mine, True), (strangers, False), (None, False)):
            context = client_context(authority)
            if identity:
                context.load_cert_chain(*identity)
            try:
                with connect(proxy, context) as connection:
                    answered = ask(connection) is not None
            except (ssl.SSLError, OSError):
                answered = False
            assert answered == welcome
    assert origin.accepted >= 1
    origin.close()


def test_large_bodies_and_a_slow_reader(secured, authority):
    body = bytes(range(256)) * 16384  # 4 MiB
    with connect(secured, client_context(authority)) as connection:
        wire = Wire(connection)
        # One after the other: Python lets two threads into one TLS connection, OpenSSL does not.
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        time.sleep(0.3)  # the answer fills what there is between us, and waits
        assert wire.response()[2] == b"POST / HTTP/1.1\n" + body


def test_certificates_are_read_anew_when_their_files_change(authority, tmp_path):
    first = authority.sign("first", "DNS:shop.test")
    second = authority.sign("second", "DNS:shop.test")
    pair = tmp_path / "pair.pem", tmp_path / "pair.key"

    def put(identity):
        for source, target in zip(identity, pair):
            target.write_bytes(open(source, "rb").read())

    def shown(proxy):
        with connect(proxy, client_context(authority)) as connection:
            ask(connection)
            return dict(x[0] for x in connection.getpeercert()["subject"])["commonName"]

    put(first)
    origin = Origin(echo)
    with running([origin.url], "--tls-cert", str(pair[0]), "--tls-key", str(pair[1])) as proxy:
        assert shown(proxy) == "first"
        with connect(proxy, client_context(authority)) as standing:
            put(second)
            proxy.process.send_signal(1)  # SIGHUP; without it the change is seen in 2 s
            assert eventually(lambda: shown(proxy) == "second")
            assert ask(standing)[0] == 200
            pair[1].write_text("not a key")
            proxy.process.send_signal(1)
            assert eventually(lambda: any("certificates_kept" in line for line in proxy.log))
            assert shown(proxy) == "second"
    origin.close()


def test_bad_files_are_told_at_the_start(shop, tmp_path):
    for certificate, key in ((str(tmp_path / "none.pem"), shop[1]), (shop[0], shop[0])):
        done = subprocess.run([WEIR, "proxy", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                               "--to", "http://127.0.0.1:1", "--tls-cert", certificate, "--tls-key",
                               key], capture_output=True, text=True, timeout=20)
        assert done.returncode == 78 and "cannot be used" in done.stderr, done.stderr


class TlsOrigin(Origin):
    """An origin behind TLS."""

    def __init__(self, serve, identity, protocols=(), client_ca=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*identity)
        if protocols:
            self.context.set_alpn_protocols(protocols)
        if client_ca:
            self.context.load_verify_locations(client_ca)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.resumed = []

        def wrapped(connection, number):
            secure = self.context.wrap_socket(connection, server_side=True)
            self.resumed.append(secure.session_reused)
            serve(secure, number)

        super().__init__(wrapped)
        self.url = self.url.replace("http:", "https:")


def test_an_upstream_is_verified_and_its_sessions_resumed(authority, shop):
    def once(connection, _number):
        wire = Wire(connection)
        wire.head()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        connection.unwrap()

    origin = TlsOrigin(once, shop, ["http/1.1"])
    with running([origin.url], "--upstream-ca", str(authority.file), "--workers", "1") as proxy:
        for _ in range(3):
            assert proxy.get()[2] == b"ok"
    assert origin.resumed[0] is False and origin.resumed[-1] is True
    with running([origin.url]) as proxy:  # the system does not know this authority
        status, _, body = proxy.get()
        assert status == 502 and b"upstream_tls" in body
    with running([origin.url], "--upstream-insecure") as proxy:
        assert proxy.get()[2] == b"ok"
    origin.close()


def test_another_servers_certificate_is_not_taken(authority):
    other = authority.sign("other", "DNS:other.test,IP:127.0.0.2")
    origin = TlsOrigin(echo, other)
    with running([origin.url], "--upstream-ca", str(authority.file)) as proxy:
        assert proxy.get()[0] == 502
    origin.close()


def test_keep_alive_to_a_tls_upstream_survives_its_tickets(authority, shop):
    origin = TlsOrigin(echo, shop)
    with running([origin.url], "--upstream-ca", str(authority.file), "--workers", "1") as proxy:
        wire = proxy.connect()
        for i in range(20):
            wire.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i)
            assert wire.response()[2] == b"GET /%d HTTP/1.1\n" % i
        assert origin.accepted == 1
    origin.close()


def test_we_show_a_certificate_to_an_upstream_that_asks(authority, shop):
    mine = authority.sign("weir", "DNS:weir.test")
    origin = TlsOrigin(echo, shop, client_ca=authority.file)
    with running([origin.url], "--upstream-ca", str(authority.file), "--upstream-cert", mine[0],
                 "--upstream-key", mine[1]) as proxy:
        assert proxy.get()[0] == 200
    with running([origin.url], "--upstream-ca", str(authority.file)) as proxy:
        assert proxy.get()[0] == 502
    origin.close()


def test_grpc_over_tls_on_both_sides(authority, shop):
    import grpc
    from concurrent.futures import ThreadPoolExecutor
    from test_proxy_grpc import Calls
    server = grpc.server(ThreadPoolExecutor(4), handlers=(Calls(),))
    read = lambda path: open(path, "rb").read()
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(
        [(read(shop[1]), read(shop[0]))]))
    server.start()
    with running([f"h2s://127.0.0.1:{port}"], "--upstream-ca", str(authority.file), "--tls-cert",
                 shop[0], "--tls-key", shop[1]) as proxy:
        credentials = grpc.ssl_channel_credentials(read(authority.file))
        with grpc.secure_channel(f"127.0.0.1:{proxy.port}", credentials) as channel:
            assert channel.unary_unary("/s/Unary")(b"abc" * 100_000) == b"cba" * 100_000
            assert list(channel.unary_stream("/s/Down")(b"3")) == [b"0", b"1", b"2"]
    server.stop(0)


def test_h2spec_strict_over_tls(secured):
    h2spec(secured.port, "-t", "-k")
