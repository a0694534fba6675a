"""Completion of the command line in bash, zsh and fish.

Each shell runs on its own terminal and sources the output of `completions SHELL`.
The test types a command line and Tab, and the words of the completed line are
recorded instead of run. BINARY is the path of the program.
"""

import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

PROGRAM = "cc-protobuf-examples"
DEADLINE = 30

# The typed text, and the words after Tab. A file and a directory in the current
# directory begin with `ba` and `ev`: they must not be offered in place of a name.
COMPLETED = [
    ("ru", "run"),
    ("run bas", "run basic"),
    ("run basic ev", "run basic evolution"),
    ("run basic --mo", "run basic --mode"),
    ("run basic --mode f", "run basic --mode full"),
    ("run --use-protoc no", "run --use-protoc no-auto-register"),
    ("--example bas", "--example basic"),
    ("--example=bas", "--example=basic"),
    ("--example basic,de", "--example basic,delete"),
    ("--mode full --example ev", "--mode full --example evolution"),
    ("--skip cs", "--skip csfle"),
    ("--embedded ser", "--embedded serve"),
    ("serve --ka", "serve --kafka"),
    ("serve --basic-auth --lis", "serve --basic-auth --listen"),
    ("-v doctor --out", "-v doctor --output"),
    ("doctor -o j", "doctor -o json"),
    ("decode --len", "decode --length-prefixed"),
    ("decode bask", "decode basket.bin"),
    ("clean --run-id x --dr", "clean --run-id x --dry-run"),
    ("completions fi", "completions fish"),
    ("help no", "help no-auto-register"),
    ("help dec", "help decode"),
    ("--save-schemas even", "--save-schemas events/"),
]
# Without a match, the line does not change.
UNCHANGED = ["--mode bask", "--example bask", "run bask", "serve --example bas", "doctor bas"]


class Shell:
    """An interactive shell on its own terminal."""

    def __init__(self, argv, setup, home, binary):
        self.words = home / "words"
        (home / "basket.bin").touch()
        (home / "events").mkdir()
        bin_dir = home / "bin"
        bin_dir.mkdir()
        (bin_dir / PROGRAM).symlink_to(binary)
        record = bin_dir / "record"
        record.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >words.part && mv words.part words\n')
        record.chmod(0o755)
        environment = {
            "HOME": str(home),
            "PATH": f"{bin_dir}:/usr/local/bin:/usr/bin:/bin",
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "HISTFILE": "",
        }
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            os.execvpe(argv[0], argv, environment)
        self.shown = b""
        for line in setup:
            self.keys(f"{line}\r")
        self.run("ready")

    def keys(self, text):
        os.write(self.terminal, text.encode())

    def read(self, seconds):
        if select.select([self.terminal], [], [], seconds)[0]:
            try:
                self.shown += os.read(self.terminal, 65536)
            except OSError:
                pass  # The shell has ended; its output tells why.

    def run(self, line):
        """Types a line and Enter; returns the recorded words."""
        self.words.unlink(missing_ok=True)
        # Go to the start of the line, so that it is recorded and not run.
        self.keys(f"{line}\x01record \r")
        end = time.monotonic() + DEADLINE
        while not self.words.exists():
            if time.monotonic() > end:
                raise AssertionError(f"{line!r} was not recorded; on the terminal: {self.shown!r}")
            self.read(0.02)
        return self.words.read_text().splitlines()

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


class Completions:
    """The same cases for every shell."""

    name, argv, setup = "", [], []

    def setUp(self):
        if not shutil.which(self.name):
            if os.environ.get("CI") == "true":
                self.fail(f"{self.name} is missing, and a CI run must not leave it out")
            self.skipTest(f"{self.name} is not on PATH")
        home = Path(tempfile.mkdtemp(prefix="completions-"))
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        self.shell = Shell(self.argv, self.setup, home, os.environ["BINARY"])
        self.addCleanup(self.shell.close)

    def test_tab_completes(self):
        for typed, words in COMPLETED:
            with self.subTest(typed):
                self.assertEqual(self.shell.run(f"{PROGRAM} {typed}\t"), [PROGRAM, *words.split()])

    def test_tab_offers_nothing_else(self):
        for typed in UNCHANGED:
            with self.subTest(typed):
                self.assertEqual(self.shell.run(f"{PROGRAM} {typed}\t"), [PROGRAM, *typed.split()])


class Bash(Completions, unittest.TestCase):
    name = "bash"
    argv = ["bash", "--noprofile", "--norc", "-i"]
    setup = [f"source <({PROGRAM} completions bash)"]


class Zsh(Completions, unittest.TestCase):
    name = "zsh"
    argv = ["zsh", "-f", "-i"]
    setup = ["bindkey -e", "autoload -Uz compinit", "compinit -u", f"source <({PROGRAM} completions zsh)"]


class Fish(Completions, unittest.TestCase):
    name = "fish"
    argv = ["fish", "--no-config", "-i"]
    setup = [f"{PROGRAM} completions fish | source"]

    def test_the_names_are_offered_with_what_they_show(self):
        asked = f"complete --do-complete '{PROGRAM} --example '"
        script = f"{PROGRAM} completions fish | source; {asked}"
        environment = {"HOME": str(self.shell.words.parent), "PATH": f"{self.shell.words.parent}/bin:/usr/bin:/bin"}
        done = subprocess.run(
            ["fish", "--no-config", "-c", script],
            env=environment,
            cwd=self.shell.words.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        offered = [line.split("\t")[0] for line in done.stdout.splitlines()]
        names = "all basic delete evolution oneof null compat types strategies csfle no-auto-register"
        self.assertEqual(offered, names.split(), done.stderr)
        self.assertIn("basic\t1: serializer, deserializer, wire format", done.stdout)


class Completer(unittest.TestCase):
    """The program that the script calls, which the shell must find."""

    def script(self, command, path="/usr/bin:/bin"):
        done = subprocess.run(
            ["/bin/sh", "-c", f"{command} completions bash"],
            env={"PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=True,
        )
        return done.stdout

    def test_the_program_that_was_started_by_its_path_is_asked(self):
        binary = os.path.realpath(os.environ["BINARY"])
        self.assertIn(f'"{binary}" --', self.script(binary))

    def test_the_program_on_the_path_is_asked_by_its_name(self):
        with tempfile.TemporaryDirectory() as home:
            shutil.copy(os.environ["BINARY"], f"{home}/{PROGRAM}")
            self.assertIn(f'"{PROGRAM}" --', self.script(PROGRAM, f"{home}:/usr/bin:/bin"))

    def test_a_path_that_shells_would_split_is_not_used(self):
        with tempfile.TemporaryDirectory(prefix="a b ") as home:
            binary = f"{home}/{PROGRAM}"
            shutil.copy(os.environ["BINARY"], binary)
            self.assertIn(f'"{PROGRAM}" --', self.script(f"'{binary}'"))


if __name__ == "__main__":
    unittest.main()
