"""The configurations for nginx and Caddy that we hand out, in front of the daemon and with TLS, on ports of this machine."""

import http.client
import json
import os
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import time

from report import same, within
from world import ROOT, Answer, challenge_of


def try_proxies(world, report):
    certificate = Certificate(world.work / "proxies")
    for name, kind in [("nginx", Nginx), ("caddy", Caddy)]:
        if not shutil.which(name):
            report.skip(name, "in front of the daemon", "it is not installed")
            continue
        proxy = kind(world, certificate)
        try:
            if report.step(f"{name} starts with the configuration we hand out", proxy.start):
                trial = Trial(world, proxy)
                report.step(f"behind {name} a disk is rented", trial.rent)
                report.step(f"behind {name} files go up and down as they are", trial.files)
                report.step(f"behind {name} a copy names where it goes by the public address", trial.copy)
                report.step(f"behind {name} events come as they happen", trial.events)
                report.step(f"behind {name} the client is who it is, whatever it writes", trial.address)
                report.step(f"behind {name} neither the provider's doors nor play money are shown", trial.shut)
                report.step(f"behind {name} the disk is given back", trial.release)
        finally:
            proxy.stop()


class Certificate:
    """For localhost, signed by itself."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.certificate, self.key = folder / "certificate.pem", folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
             "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", self.key, "-out",
             self.certificate],
            check=True, capture_output=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy:
    def __init__(self, world, certificate):
        self.world, self.certificate = world, certificate
        self.folder = world.work / "proxies"
        self.port = free_port()
        self.process = None
        self.context = ssl.create_default_context(cafile=str(certificate.certificate))

    def run(self, command):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command], stdout=log, stderr=log,
                env={**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)})
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "it does not listen"
                time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def connect(self, source="127.0.0.1"):
        return http.client.HTTPSConnection(
            "localhost", self.port, timeout=60, context=self.context, source_address=(source, 0))

    def ask(self, method, path, document=None, credential=None, headers=(), body=None, source="127.0.0.1"):
        connection = self.connect(source)
        try:
            headers = dict(headers)
            if document is not None:
                body = json.dumps(document).encode()
                headers.setdefault("Content-Type", "application/json")
            if credential:
                headers["Authorization"] = credential
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()


class Nginx(Proxy):
    def start(self):
        site = (ROOT / "deploy/nginx.conf").read_text()
        for written, instead in [
            ("rent.example;", "localhost;"), ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;"),
            ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
            ("/etc/letsencrypt/live/rent.example/fullchain.pem", str(self.certificate.certificate)),
            ("/etc/letsencrypt/live/rent.example/privkey.pem", str(self.certificate.key)),
            ("proxy_pass http://127.0.0.1:8402;", f"proxy_pass {self.world.server};"),
        ]:
            assert written in site, f"deploy/nginx.conf has no '{written}' any more"
            site = site.replace(written, instead)
        site = re.sub(r"listen \[::\].*", "", site)
        (self.folder / "site.conf").write_text(site)
        temporary = "".join(
            f"{name}_temp_path {self.folder}/{name};" for name in
            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            f"user root; daemon off; worker_processes 1; pid {self.folder}/nginx.pid; error_log stderr;"
            f"events {{}} http {{ access_log off; {temporary} include {self.folder}/site.conf; }}")
        self.run(["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")])


class Caddy(Proxy):
    def start(self):
        site = (ROOT / "deploy/Caddyfile").read_text()
        for written, instead in [
            ("rent.example {", f"https://localhost:{self.port} {{\n\tbind 127.0.0.1\n\ttls {self.certificate.certificate} "
             f"{self.certificate.key}"),
            ("reverse_proxy 127.0.0.1:8402", f"reverse_proxy {self.world.server}"),
        ]:
            assert written in site, f"deploy/Caddyfile has no '{written}' any more"
            site = site.replace(written, instead)
        (self.folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + site)
        self.run(["caddy", "run", "--adapter", "caddyfile", "--config", str(self.folder / "Caddyfile")])


class Trial:
    def __init__(self, world, proxy):
        self.world, self.proxy = world, proxy
        self.lease = self.credential = None

    def rent(self):
        wish = {"offer": "day-disk"}
        quote = self.proxy.ask("POST", "/v1/leases", wish).expect(402)
        challenge = challenge_of(quote.headers["WWW-Authenticate"])
        self.credential = f"L402 {challenge['macaroon']}:{self.world.pay(challenge['invoice'])}"
        self.lease = self.proxy.ask("POST", "/v1/leases", wish, self.credential).expect(201).json()["id"]
        self.world.remember(self.lease)

    def release(self):
        self.proxy.ask("DELETE", f"/v1/leases/{self.lease}", credential=self.credential).expect(200)

    def files(self):
        content = secrets.token_bytes(8 << 20)
        path = f"/dav/{self.lease}/large"
        self.proxy.ask("PUT", path, body=content, credential=self.credential).expect(201)
        assert self.proxy.ask("GET", path, credential=self.credential).expect(200).body == content
        part = self.proxy.ask("GET", path, credential=self.credential, headers={"Range": "bytes=5-9"}).expect(206)
        same("a range", content[5:10], part.body)

    def copy(self):
        there = f"https://localhost:{self.proxy.port}/dav/{self.lease}/copy"
        path = f"/dav/{self.lease}/large"
        self.proxy.ask("COPY", path, credential=self.credential, headers={"Destination": there}).expect(201)
        elsewhere = {"Destination": f"https://elsewhere.example/dav/{self.lease}/other"}
        self.proxy.ask("COPY", path, credential=self.credential, headers=elsewhere).expect(502)

    def events(self):
        connection = self.proxy.connect()
        try:
            connection.request("GET", f"/v1/leases/{self.lease}/events", headers={"Authorization": self.credential})
            answer = connection.getresponse()
            same("status", 200, answer.status)
            names = set()
            while "provisioned" not in names:
                line = answer.readline()
                assert line, f"the stream ended after {names}"
                if line.startswith(b"event: "):
                    names.add(line[7:].decode().strip())
        finally:
            connection.close()

    def address(self):
        forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
        before = self.world.log_file.stat().st_size
        self.proxy.ask("GET", "/v1/offers", headers=forged, source="127.0.0.2").expect(200)
        # The log is written by a thread of its own, behind the answer.
        deadline = time.monotonic() + 30
        lines = []
        while not lines and time.monotonic() < deadline:
            time.sleep(0.05)
            with open(self.world.log_file) as log:
                log.seek(before)
                lines = [line for line in log if "route=/v1/offers" in line]
        assert any("client=127.0.0.2" in line for line in lines), lines
        assert not any("203.0.113.9" in line for line in lines), lines

    def shut(self):
        for path in ("/admin/v1/overview", "/metrics", "/admin"):
            self.proxy.ask("GET", path).expect(404)
        quote = self.proxy.ask("POST", "/v1/leases", {"offer": "day-disk"}).expect(402)
        invoice = challenge_of(quote.headers["WWW-Authenticate"])["invoice"]
        paid = self.proxy.ask("POST", "/dev/pay", {"invoice": invoice})
        within("play money from outside", {403, 404}, paid.status)
