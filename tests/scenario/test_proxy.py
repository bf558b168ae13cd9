"""A renewal through a real proxy, as the administrator or the person has set it; and what the log says of it."""

import re
import ssl

import desktop_proxy
from cases import Suite, equal
from processes import Process, wait_until
from proxy_server import ProxyServer

suite = Suite()
USER, PASSWORD = "li", "geheim-4711"
LOGIN = f"{USER}:{PASSWORD}"


class Scene:
    """A key, and an agent whose platform is reached as its configuration, its environment or its person's files
    say. agent, platform: lines of the configuration; login: of the person's file, None: none."""

    def __init__(self, world, agent="", platform="", login=None, **env):
        self.world = world
        self.card = world.card()
        self.agent = world.agent(start=False)
        text = self.agent.config.read_text().replace("proxy =\n", f"{platform}\n")
        self.agent.config.write_text(text.replace("[agent]\n", f"[agent]\n{agent}\n"))
        if login:
            write_login(self.agent, login)
        self.agent.start(**env)
        world.wait_keys(self.agent, 1)

    def renews(self, state="done", code=None):
        operation = self.agent.perform("renew", self.world.ticket(self.card), seconds=90)
        equal(operation["state"], state, f"the state ({operation['error']})")
        equal(operation["error"] and operation["error"]["code"], code, "the code")
        assert PASSWORD not in self.agent.process.log_text(), "the password is in the log"
        assert PASSWORD not in str(operation), "the password is in the operation"
        return operation


def write_login(agent, login, mode=0o600):
    path = agent.folder / ".config" / "ukeyd" / "proxy-login"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{login}\n")
    path.chmod(mode)


@suite.case("for all platforms, with a log-in in basic form")
def basic(world):
    proxy = world.keep(ProxyServer(login=(USER, PASSWORD)))
    scene = Scene(world, agent=f"proxy = {proxy.url}", login=LOGIN)
    scene.renews()
    assert len(proxy.targets) >= 3, proxy.targets


@suite.case("for one platform, with a log-in as a digest")
def digest(world):
    proxy = world.keep(ProxyServer(login=(USER, PASSWORD), scheme="digest"))
    scene = Scene(world, agent="proxy = http://127.0.0.1:9", platform=f"proxy = {proxy.url}", login=LOGIN)
    scene.renews()
    assert len(proxy.targets) >= 3, proxy.targets
    assert PASSWORD not in "".join(proxy.seen), "the password went over in clear"


@suite.case("off, whatever the environment says")
def off(world):
    Scene(world, platform="proxy = off", https_proxy="http://127.0.0.1:9").renews()


@suite.case("from the environment, and its exceptions")
def environment(world):
    proxy = world.keep(ProxyServer())
    scene = Scene(world, https_proxy=proxy.url)
    scene.renews()
    assert proxy.targets, "it was not used"
    scene.agent.stop()
    proxy.targets.clear()
    scene.agent.start(https_proxy=proxy.url, no_proxy="127.0.0.1")
    world.wait_keys(scene.agent, 1)
    scene.renews()
    equal(proxy.targets, [], "connections through the proxy")


@suite.case("without the log-in that it wants, and with it once the person has set it")
def wants_login(world):
    proxy = world.keep(ProxyServer(login=(USER, PASSWORD)))
    scene = Scene(world, agent=f"proxy = {proxy.url}", login=f"{USER}:wrong")
    scene.renews("failed", "platform-proxy")
    scene.agent.stop()
    write_login(scene.agent, LOGIN)
    scene.agent.start()
    world.wait_keys(scene.agent, 1)
    scene.renews()


@suite.case("a log-in that others can read is not used")
def open_login(world):
    proxy = world.keep(ProxyServer(login=(USER, PASSWORD)))
    scene = Scene(world, agent=f"proxy = {proxy.url}", login=LOGIN)
    scene.agent.stop()
    write_login(scene.agent, LOGIN, mode=0o640)
    scene.agent.start()
    world.wait_keys(scene.agent, 1)
    operation = scene.renews("failed", "platform-proxy")
    assert "0640" in operation["error"]["detail"], operation["error"]
    equal(proxy.seen, [], "what the proxy saw")


@suite.case("from the desktop")
def from_desktop(world):
    if not desktop_proxy.is_there():
        return
    proxy = world.keep(ProxyServer())
    card = world.card()
    agent = world.agent(start=False)
    agent.config.write_text(agent.config.read_text().replace("proxy =\n", "\n"))
    desktop_proxy.set_manual(agent, proxy.url)
    agent.start(**desktop_proxy.ENVIRONMENT)
    world.wait_keys(agent, 1)
    operation = agent.perform("renew", world.ticket(card), seconds=90)
    equal(operation["state"], "done", f"the state ({operation['error']})")
    assert proxy.targets, "it was not used"


# ---- the log ----


@suite.case("the log in a file, and one operation's lines in it")
def log_file(world):
    card = world.card()
    agent = world.agent(start=False)
    plain = agent.arguments
    agent.arguments = lambda: [*plain(), "--log-file"]
    start_quietly(agent, world)
    operation = agent.perform("renew", world.ticket(card))
    other = agent.perform("check")
    equal((operation["state"], other["state"]), ("done", "done"), "the states")
    log = (agent.state / "ukeyd.log").read_text()
    assert re.search(r"^\S+Z info web: listening on", log, re.MULTILINE), log
    words = ["log", "--state", agent.state]
    lines = agent.ctl(*words, "--operation", operation["id"]).stdout.decode().splitlines()
    assert lines and all(operation["id"][:8] in line for line in lines), lines
    assert not any(other["id"][:8] in line for line in lines), lines
    everything = agent.ctl(*words).stdout.decode()
    assert other["id"][:8] in everything and "123456" not in everything, everything
    equal(agent.ctl(*words, "--since", "2999-01-01T00:00:00Z").stdout, b"", "lines of the future")
    equal(oct((agent.state / "ukeyd.log").stat().st_mode & 0o777), "0o600", "the mode")


def start_quietly(agent, world):
    """As agent.start, which reads what is printed."""
    agent.process = Process("ukeyd", agent.arguments(), agent.folder, env=agent.env)
    log = agent.state / "ukeyd.log"
    wait_until(lambda: log.exists() and "listening on" in log.read_text(), 10, "the log says that it listens")
    agent.tls = ssl.create_default_context(cafile=str(agent.state / "identity" / "loopback.pem"))
    world.wait_keys(agent, 1)


@suite.case("no log")
def no_log(world):
    agent = world.agent(start=False)
    done = agent.ctl("log", "--state", agent.folder, ok=(1,))
    assert b"file-missing" in done.stderr, done.stderr
