"""ukeyctl doctor, the way to the platform: for each broken set-up it names that cause and no other."""

import socket
import ssl

import desktop_proxy
from cases import Suite, equal
from listening import Listening
from patient import Patient, breaker
from pcscd import free_port
from proxy_server import ProxyServer
from tls_server import make_server_identity

suite = Suite()
broken = breaker(suite)


# ---- the way to the platform ----


def towards(world, api, proxy="", **changed):
    """A patient whose platform's interface is there. changed: lines of the configuration."""
    patient = Patient(world, api=api)
    text = patient.agent.config.read_text()
    lines = {"proxy": proxy, **changed}
    for name, value in lines.items():
        kept = [line for line in text.splitlines() if not line.startswith(f"{name} =")]
        text = "\n".join([*kept, *([f"{name} = {value}"] if value is not None else [])]) + "\n"
    patient.agent.config.write_text(text)
    return patient


@broken("a platform whose name nobody knows", "platform-name")
def unknown_name(world):
    return towards(world, "https://portal.invalid/agent/v1")


@broken("a platform that is down", "platform-connect")
def closed_port(world):
    return towards(world, f"https://127.0.0.1:{free_port()}/agent/v1")


class TlsAnswer(Listening):
    """A TLS server with one answer for everything. identity(folder) gives (certificate and key, CA)."""

    def __init__(self, folder, answer=b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", identity=make_server_identity):
        bundle, self.ca = identity(folder)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(bundle)
        self.answer = answer
        super().__init__(socket.create_server(("127.0.0.1", 0)), self._answer)
        self.api = f"https://127.0.0.1:{self.port}/agent/v1"

    def _answer(self, line):
        with self.context.wrap_socket(line, server_side=True) as inside:
            inside.recv(65536)
            inside.sendall(self.answer)


def server(world, **options):
    return world.keep(TlsAnswer(world.case_folder / "tls", **options))


@broken("a gateway that looks into TLS", "platform-intercepted")
def intercepted(world):
    return towards(world, server(world).api)


@broken("a platform with a CA of its own that nobody configured", "platform-untrusted")
def untrusted_platform(world):
    return towards(world, server(world).api, tls_ca=None)


def old_identity(folder):
    return make_server_identity(folder, days=-1)


def other_name(folder):
    return make_server_identity(folder, address="127.0.0.9")


@broken("a platform whose certificate is over", "platform-certificate-time")
def platform_expired(world):
    found = server(world, identity=old_identity)
    return towards(world, found.api, tls_ca=found.ca)


@broken("a platform with another one's certificate", "platform-certificate-name")
def platform_misnamed(world):
    found = server(world, identity=other_name)
    return towards(world, found.api, tls_ca=found.ca)


@broken("a platform that fails", "platform-failed")
def platform_fails(world):
    found = server(world, answer=b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
    return towards(world, found.api, tls_ca=found.ca)


@broken("a network that wants a log-in first", "platform-login-page")
def captive(world):
    page = b"<html>log in</html>"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
    found = server(world, answer=head.encode() + page)
    return towards(world, found.api, tls_ca=found.ca)


@broken("a server that is no TLS server", "platform-tls")
def no_tls(world):
    def answer(line):
        line.recv(65536)
        line.sendall(b"SSH-2.0-OpenSSH\r\n")

    found = world.keep(Listening(socket.create_server(("127.0.0.1", 0)), answer))
    return towards(world, f"https://127.0.0.1:{found.port}/agent/v1")


# ---- proxies ----


@suite.case("a proxy that works is no finding")
def good_proxy(world):
    proxy = world.keep(ProxyServer())
    patient = towards(world, None, proxy.url)
    patient.has()
    assert proxy.targets, "it was not used"


@broken("a proxy that is not there", "proxy-connect")
def no_proxy_there(world):
    return towards(world, None, f"http://127.0.0.1:{free_port()}")


@broken("a proxy whose name nobody knows", "proxy-name")
def proxy_unknown(world):
    return towards(world, None, "http://proxy.invalid:3128")


@broken("a proxy that refuses", "proxy-refused")
def proxy_refuses(world):
    return towards(world, None, world.keep(ProxyServer(refuse=403)).url)


@broken("a proxy that wants a log-in", "proxy-login")
def proxy_login(world):
    return towards(world, None, world.keep(ProxyServer(login=("li", "geheim"))).url)


@broken("a proxy's log-in that others can read", "proxy-login-file", "proxy-login")
def proxy_login_open(world):
    patient = towards(world, None, world.keep(ProxyServer(login=("li", "geheim"))).url)
    login = patient.agent.folder / ".config" / "ukeyd" / "proxy-login"
    login.parent.mkdir(parents=True)
    login.write_text("li:geheim\n")
    login.chmod(0o644)
    return patient


def scripted(world, api):
    """The environment of a doctor beside a desktop whose proxies are chosen by a script."""
    patient = towards(world, api, proxy=None)
    desktop_proxy.set_script(patient.agent, "http://wpad.invalid/proxy.pac")
    return patient, desktop_proxy.ENVIRONMENT


@suite.case("a script of proxies, and a platform that can't be reached without one")
def proxy_script(world):
    if not desktop_proxy.is_there():
        return
    patient, env = scripted(world, f"https://127.0.0.1:{free_port()}/agent/v1")
    patient.has("proxy-script", **env)


@suite.case("a script of proxies is no finding where the platform can be reached")
def proxy_script_for_others(world):
    if not desktop_proxy.is_there():
        return
    patient, env = scripted(world, None)
    patient.has(**env)
    facts = patient.doctor(**env)["facts"]
    equal(facts["platform"]["sunshine proxy"], "script", "the proxy")
