#!/usr/bin/env python3
"""Builds the Debian packages into build/package from the files of the source tree, and looks at what came out.
Run by ./dev package and, without the root, by ./dev test."""

import argparse
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
sys.path.insert(0, str(HERE / "tests"))

import root  # noqa: E402

OUT = TOP / "build" / "package"
PACKAGES = ("ukeyd", "ukeyd-doc", "ukeyd-portal", "ukeyd-sim")
AGENT_BYTES_MAX = 400 * 1024  # of the agent's package: what a bidder downloads
LIST = HERE / "tests" / "contents.txt"
LINTIAN = "lintian -EI --pedantic --allow-root --fail-on error,warning,info,pedantic".split()
LOG_LINES = 60


class Failed(Exception):
    pass


def run(command, **more):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, errors="replace", check=False, **more
    )
    if done.returncode != 0:
        shown = "\n".join((done.stdout + done.stderr).splitlines()[-LOG_LINES:])
        raise Failed(f"{command[0]}: exit {done.returncode}\n{shown}")
    return done.stdout


def source_files():
    """The paths that belong to the source: what git knows or would take, without git all but build/."""
    if (TOP / ".git").exists() and shutil.which("git"):
        words = ["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        return [name for name in run(words).split("\0") if name and os.path.lexists(TOP / name)]
    paths = (path for path in TOP.rglob("*") if not path.is_dir() or path.is_symlink())
    names = (path.relative_to(TOP).as_posix() for path in paths)
    return [name for name in names if not name.startswith(("build/", ".git/"))]


def version():
    return re.match(r"ukeyd \(([^)]+)\)", (HERE / "debian/changelog").read_text()).group(1)


def export(folder, afresh):
    """A clean copy of the source with debian/ at its top. What was compiled before stays unless afresh."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if afresh or not path.name.startswith("obj-"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name in source_files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, target, follow_symlinks=False)
    shutil.copytree(HERE / "debian", folder / "debian", symlinks=True)


def build(afresh=False):
    OUT.mkdir(parents=True, exist_ok=True)
    with (OUT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        source = OUT / f"ukeyd-{version()}"
        rules = (HERE / "debian/rules").read_text()  # meson keeps the flags that it was set up with
        used = OUT / ".rules"
        export(source, afresh or not used.exists() or used.read_text() != rules)
        used.write_text(rules)
        for old in [*OUT.glob("ukeyd*.deb"), *OUT.glob("*.changes"), *OUT.glob("*.buildinfo")]:
            old.unlink()
        jobs = f"-j{os.cpu_count()}"
        run(["dpkg-buildpackage", "-us", "-uc", "-b", "-nc", jobs], cwd=source, env={**os.environ, "LC_ALL": "C.UTF-8"})


def debs():
    return {path.name.split("_")[0]: path for path in sorted(OUT.glob("ukeyd*.deb")) if "dbgsym" not in path.name}


# ---- what came out ----


def contents():
    """What each package of programs brings, line by line: a file that is not meant to be there is a mistake."""
    lines = []
    for name, path in debs().items():
        if name.endswith("-doc"):
            continue
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE) as stream:
            with tarfile.open(fileobj=stream.stdout, mode="r|") as archive:
                lines += sorted(f"{name} {entry.mode:o} {entry.name[1:]}" for entry in archive if not entry.isdir())
    return lines


def check_contents():
    wanted = LIST.read_text().splitlines()
    found = contents()
    wrong = [f"not listed in {LIST.relative_to(TOP)}: {line}" for line in found if line not in wanted]
    wrong += [f"missing: {line}" for line in wanted if line not in found]
    if set(debs()) != set(PACKAGES):
        wrong.append(f"the packages are {' '.join(debs())}")
    size = debs()["ukeyd"].stat().st_size
    if size > AGENT_BYTES_MAX:
        wrong.append(f"the agent's package has {size} bytes, more than {AGENT_BYTES_MAX}")
    if wrong:
        raise Failed("\n".join(wrong))


def check_version():
    found = re.search(r"version: '([^']+)'", (TOP / "meson.build").read_text()).group(1)
    if found != version():
        raise Failed(f"meson.build says {found}, debian/changelog {version()}")


def check_lintian():
    run([*LINTIAN, *OUT.glob("*.changes")])


def check_template():
    """A platform's package is made, and is refused what it must be refused."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make = partial(platform_package, folder)
        certificate(folder, "root", "CA:TRUE")
        certificate(folder, "leaf", "CA:FALSE")
        (folder / "key-too.pem").write_text((folder / "root.pem").read_text() + (folder / "root.key").read_text())
        spoken = make("--name", r"a\nport = 1")  # one line, whatever a shell makes of it
        if r"name = a\nport = 1" not in run(["dpkg-deb", "--fsys-tarfile", spoken]).splitlines():
            raise Failed("make-package: a name with a backslash is not as it was given")
        made = make()
        run(["lintian", "-EI", "--allow-root", "--fail-on", "error,warning", made])
        wrong = {
            "--origin": ("https://Portal.example", "https://p.example/", "http://p.example", "https://p.example:443",
                         "https://p.example:65536"),
            "--roots": (folder / "leaf.pem", folder / "key-too.pem", "/dev/null"),
            "--id": ("A", "x", "a/b"),
            "--name": ("a;b", "a\nb", "字" * 70),
            "--api": ("https://p.example/x?y", "https://p.example/", "https://p.example:443/x"),
            "--maintainer": ("nobody",),
            "--version": ("one",),
        }
        for option, values in wrong.items():
            for value in values:
                try:
                    make(option, value)
                except Failed:
                    continue
                raise Failed(f"make-package takes {option} {value!r}")


def platform_package(folder, *more):
    words = [HERE / "platform-template/make-package", "--id", "sunshine", "--name", "阳光采购服务平台"]
    words += ["--origin", "https://portal.example:8443", "--roots", folder / "root.pem"]
    return run([*words, "--maintainer", "Sunshine <it@example.com>", "--out", folder, *more]).strip()


def certificate(folder, name, constraint):
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    words += ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", "-days", "400", "-subj", f"/CN={name}"]
    run([*words, "-addext", f"basicConstraints=critical,{constraint}"])


def check_life():
    """In a Debian of its own: installed, used, upgraded, removed (installer/tests/life.py)."""
    if os.geteuid() != 0:
        raise Failed("needs root: it makes a root of its own under build/package")
    place = root.ensure(OUT / "root")
    words = ["/usr/bin/python3", "-B", "/src/installer/tests/life.py", "--debs", "/src/build/package"]
    if root.enter(place, words) != 0:
        raise Failed("see above")


def check_autopkgtest():
    """debian/tests as a distribution runs it, in the same Debian. "breaks-testbed" is no matter there: it is thrown away."""
    files = [f"/src/build/package/{path.name}" for path in debs().values()]
    words = ["/usr/bin/autopkgtest", "--no-built-binaries", "--ignore-restrictions=breaks-testbed", *files]
    if root.enter(root.ensure(OUT / "root"), [*words, f"/src/build/package/ukeyd-{version()}", "--", "null"]) != 0:
        raise Failed("see above")


def check_piuparts():
    """Installed and purged in a Debian that has nothing else: all together, with what they depend on from the mirror."""
    base = OUT / "piuparts.tar.gz"
    words = ["piuparts", "-d", root.SUITE, "--mirror", f"{root.mirror()} main", "--no-eatmydata", "--warn-on-others"]
    words += ["--basetgz", base] if base.exists() else ["--save", base]
    run([*words, *debs().values()])


# ---- as results ----


def result(name, function):
    started = time.monotonic()
    try:
        function()
    except Failed as error:
        return name, str(error), time.monotonic() - started
    return name, None, time.monotonic() - started


def cheap():
    """What ./dev test does: [(name, what to show or None, seconds)]."""
    results = [result("package/build", build)]
    if results[0][1] is None:
        checks = (check_version, check_contents, check_lintian, check_template)
        results += [result(f"package/{check.__name__[6:]}", check) for check in checks]
    return results


def jobs(only):
    return [cheap] if only in "package/" or only.startswith("package/") else []


def main():
    parser = argparse.ArgumentParser(prog="./dev package")
    parser.add_argument("--check", action="store_true", help="look at the packages, and try them in a root of their own")
    parser.add_argument("--list", action="store_true", help="write the list of what they bring anew")
    asked = parser.parse_args()
    steps = [("build", partial(build, afresh=True))]
    if asked.check:
        steps += [(f.__name__[6:], f) for f in (check_version, check_contents, check_lintian, check_template)]
        steps += [(f.__name__[6:], f) for f in (check_life, check_autopkgtest, check_piuparts)]
    failed = False
    for name, function in steps:
        _, shown, seconds = result(name, function)
        print(f"{'ok    ' if shown is None else 'FAILED'} package/{name}  ({seconds:.1f} s)", flush=True)
        if shown is not None:
            print(shown)
            failed = True
            break
    if asked.list:
        LIST.write_text("".join(f"{line}\n" for line in contents()))
    for path in debs().values():
        installed = run(["dpkg-deb", "--field", path, "Installed-Size"]).strip()
        print(f"      {path.relative_to(TOP)}: {path.stat().st_size / 1024:.0f} KiB, installed {installed} KiB")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
