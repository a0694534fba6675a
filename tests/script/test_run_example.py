"""Behaviour of run-example.sh, against moto's AWS and a stub cargo.

Needs bash, and the packages of requirements.txt on the interpreter's path. The
stub cargo records its arguments and environment instead of building; with
REAL_BINARY it then starts that program. Nothing outside a temporary directory
and loopback is touched.
"""

import json
import logging
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
ALIAS = "alias/confluent-csfle-kek"
PURPOSE = "confluent-csfle-kek"
SEVEN = (
    "BOOTSTRAP_SERVERS KAFKA_API_KEY KAFKA_API_SECRET SCHEMA_REGISTRY_URL SR_API_KEY SR_API_SECRET AWS_KMS_KEY_ARN"
).split()

STUB_CARGO = """#!{python}
import json, os, sys
args = sys.argv[1:]
if args[0] == "build":
    with open(os.environ["STUB_AWS_LOG"], "a") as log:
        log.write(" ".join(["cargo", *args]) + "\\n")
    json.dump(dict(os.environ), open(os.environ["STUB_OUT"] + ".build", "w"))
    sys.exit(101 if os.environ.get("FAIL_ON") == "cargo build" else 0)
json.dump({{"argv": args, "env": dict(os.environ), "cwd": os.getcwd()}}, open(os.environ["STUB_OUT"], "w"))
if os.environ.get("REAL_BINARY"):
    os.execv(os.environ["REAL_BINARY"], ["cc-protobuf-examples", *args[args.index("--") + 1 :]])
"""

# Implements what the PyPI CLI lacks and forwards other calls to it. Logs all calls in
# order; FAIL_ON names a call to refuse.
STUB_AWS = """#!{python}
import os, sys
args = sys.argv[1:]
with open(os.environ["STUB_AWS_LOG"], "a") as log:
    log.write(" ".join(args[:2]) + "\\n")
if " ".join(args[:2]) == os.environ.get("FAIL_ON"):
    sys.exit("An error occurred (AccessDeniedException): no")
if args[:2] == ["sso", "login"]:
    print("Successfully logged in")
elif args[:2] == ["configure", "export-credentials"]:
    if os.environ.get("NO_EXPORT"):
        sys.exit("aws: error: argument operation: Invalid choice")
    print("AWS_ACCESS_KEY_ID=from-export\\nAWS_SECRET_ACCESS_KEY=secret-export\\nAWS_SESSION_TOKEN=token=with=signs")
elif args[:2] == ["configure", "get"]:
    if os.environ.get("NO_REGION"):
        sys.exit(1)
    print("{region}")
else:
    os.execv("{python}", ["{python}", "-m", "awscli", *args])
"""

STUB_AWS2_WRAP = """#!/bin/sh
echo 'export AWS_ACCESS_KEY_ID=from-wrap'
echo 'export AWS_SECRET_ACCESS_KEY="secret-wrap"'
"""

REMOTE = {
    "--mode": "schema-only",
    "--example": "basic",
    "--schema-registry-url": "https://registry.invalid/",
    "--sr-api-key": "SRKEY",
    "--sr-api-secret": "SRSECRET",
}
KAFKA = {
    "--bootstrap-servers": "broker:9092",
    "--kafka-api-key": "KKEY",
    "--kafka-api-secret": "KSECRET",
}


def readme_block(name):
    """Returns the commands after the marker `command: NAME`."""
    text = (ROOT / "README.md").read_text().split(f"<!-- command: {name} -->\n```bash\n")[1]
    return text.split("```")[0]


class RunExample(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        cls.moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        cls.moto.start()
        cls.endpoint = "http://127.0.0.1:%d" % cls.moto.get_host_and_port()[1]
        cls.kms = boto3.client(
            "kms", endpoint_url=cls.endpoint, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="y"
        )

    @classmethod
    def tearDownClass(cls):
        cls.moto.stop()

    def setUp(self):
        # A space in the path, to test quoting as well.
        self.dir = Path(tempfile.mkdtemp(prefix="run example "))
        self.addCleanup(shutil.rmtree, self.dir)
        shutil.copy(ROOT / "run-example.sh", self.dir)
        self.bin = self.dir / "bin"
        self.bin.mkdir()
        self.stub("cargo", STUB_CARGO)
        self.stub("aws", STUB_AWS)
        self.out = self.dir / "cargo.json"
        self.aws_log = self.dir / "aws.log"
        self.aws_log.touch()
        for alias in self.kms.list_aliases()["Aliases"]:
            if alias["AliasName"] == ALIAS:
                self.kms.delete_alias(AliasName=ALIAS)

    def stub(self, name, text):
        path = self.bin / name
        path.write_text(text.format(python=sys.executable, region=REGION) if "{python}" in text else text)
        path.chmod(0o755)

    def run_script(self, *args, env=None, cwd=None, stdin=None):
        clean = {
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.dir),
            "STUB_OUT": str(self.out),
            "STUB_AWS_LOG": str(self.aws_log),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        done = subprocess.run(
            [str(self.dir / "run-example.sh"), *args],
            env={**clean, **(env or {})},
            cwd=cwd or self.dir,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.started = json.loads(self.out.read_text()) if self.out.exists() else None
        return done

    def flags(self, **overrides):
        merged = {**REMOTE, **{"--" + k.replace("_", "-"): v for k, v in overrides.items()}}
        return [f"{name}={value}" for name, value in merged.items() if value is not None]

    def calls(self):
        return self.aws_log.read_text().split("\n")[:-1]

    def aws_calls(self):
        return [call for call in self.calls() if not call.startswith("cargo")]

    def assert_usage_error(self, done, *needles):
        self.assertEqual(done.returncode, 85, done.stderr)
        self.assertEqual(done.stdout, "")
        first = done.stderr.splitlines()[0]
        for needle in needles:
            self.assertIn(needle, first)
        self.assertIn("Usage: ./run-example.sh", done.stderr)
        self.assertIsNone(self.started)
        self.assertFalse((self.dir / ".env").exists())
        self.assertEqual(self.calls(), [])

    # Flags

    def test_every_missing_flag_is_named(self):
        for missing in REMOTE:
            with self.subTest(missing=missing):
                args = [f"{k}={v}" for k, v in REMOTE.items() if k != missing]
                self.assert_usage_error(self.run_script(*args), missing)

    def test_full_mode_needs_the_kafka_flags(self):
        for missing in KAFKA:
            with self.subTest(missing=missing):
                args = self.flags(mode="full", example="csfle") + [f"{k}={v}" for k, v in KAFKA.items() if k != missing]
                self.assert_usage_error(self.run_script(*args, "--profile=dev"), missing, "--mode=full")

    def test_invalid_values_are_named_before_aws_is_touched(self):
        for name, value in {
            "mode": "bogus",
            "example": "nope",
            "run_id": "a b",
            "schema_registry_url": "registry",
            "save_schemas": str(self.aws_log),
        }.items():
            with self.subTest(flag=name):
                done = self.run_script(*self.flags(**{"example": "csfle", name: value}), "--profile=dev")
                self.assert_usage_error(done, "--" + name.replace("_", "-"))

    def test_urls(self):
        for url in ["http://", "https:///path", "https://user:hunter2@host", "https://key@host/", "ftp://host",
                    "https://host/?a=b", "https://a, https://b", "https://host:port", "https://a,"]:
            with self.subTest(url=url):
                done = self.run_script(*self.flags(example="csfle", schema_registry_url=url), "--profile=dev")
                self.assert_usage_error(done, "--schema-registry-url")
                self.assertNotIn("hunter2", done.stderr)
        for url in ["http://localhost:8081", "https://[::1]:8081/sr/", "https://a.example.com,http://b:1/c"]:
            with self.subTest(url=url):
                self.assertEqual(self.run_script(*self.flags(schema_registry_url=url)).returncode, 0)

    def test_bootstrap_servers(self):
        def run(servers):
            kafka = {**KAFKA, "--bootstrap-servers": servers}
            return self.run_script(*self.flags(mode="full"), *(f"{k}={v}" for k, v in kafka.items()))

        for servers in ["broker", "broker:", ":9092", "a:9092,", "a:9092, b:9092", "a:b", "::1:9092", "a:123456",
                        "http://a:9092", "a:9092;b:9092"]:
            with self.subTest(servers=servers):
                self.assert_usage_error(run(servers), "--bootstrap-servers")
        for servers in ["a:9092", "a.example.com:9092,10.0.0.1:9093", "[::1]:9092,b:1",
                        "SASL_SSL://a.example.com:9092"]:
            with self.subTest(servers=servers):
                self.assertEqual(run(servers).returncode, 0)

    def test_malformed_flags(self):
        for args, needle in [
            (["--run-id="], "--run-id"),
            (["--run-id"], "--run-id"),
            (["--sr-api-key", "--sr-api-secret=x"], "--sr-api-key"),
            (["xx--mode=full"], "xx--mode"),
            (["--use-protoc=yes"], "--use-protoc"),
            (["--mode=full", "--mode=schema-only"], "--mode"),
            (["stray"], "stray"),
        ]:
            with self.subTest(args=args):
                self.assert_usage_error(self.run_script(*args), needle)

    def test_help(self):
        done = self.run_script("--help")
        self.assertEqual(done.returncode, 0)
        for flag in [*REMOTE, *KAFKA, "--profile", "--run-id", "--save-schemas", "--use-protoc", "--embedded"]:
            self.assertIn(flag, done.stdout)

    def test_embedded_needs_no_other_flag(self):
        done = self.run_script("--embedded")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.started["argv"][-1:], ["--embedded"])
        self.assertFalse((self.dir / ".env").exists())

    def test_both_flag_forms_and_paths_with_spaces(self):
        args = [part for pair in REMOTE.items() for part in pair]
        done = self.run_script(*args, "--save-schemas", "a dir/with spaces", "--use-protoc", "--", "--output=json")
        self.assertEqual(done.returncode, 0, done.stderr)
        argv = self.started["argv"]
        self.assertEqual(argv[:4], ["run", "--release", "--locked", "--quiet"])
        self.assertEqual(
            argv[argv.index("--") + 1 :],
            [
                "--mode=schema-only",
                "--example=basic",
                f"--save-schemas={self.dir.resolve()}/a dir/with spaces",
                "--use-protoc",
                "--output=json",
            ],
        )

    # .env

    def test_hostile_values_reach_the_file_and_the_binary_unchanged(self):
        values = {
            "BOOTSTRAP_SERVERS": "broker-1:9092,broker-2:9092",
            "KAFKA_API_KEY": "key with spaces",
            "KAFKA_API_SECRET": 'a%sb\nc"d$HOME',
            "SCHEMA_REGISTRY_URL": "https://registry.invalid/",
            "SR_API_KEY": "quote' and \"double\" and #hash",
            "SR_API_SECRET": "back\\slash \\n `tick` $(id) ends with \\",
            "AWS_KMS_KEY_ARN": "",
        }
        stale = {name: "stale" for name in SEVEN}
        done = self.run_script(
            "--mode=full",
            "--example=basic",
            *(f"--{name.lower().replace('_', '-')}={value}" for name, value in values.items() if value),
            env=stale,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        env_file = self.dir / ".env"
        self.assertEqual(stat.S_IMODE(env_file.stat().st_mode), 0o600)
        self.assertEqual(env_file.read_text(), (ROOT / "tests/fixtures/dotenv-hostile.env").read_text())
        self.assertEqual({name: self.started["env"][name] for name in SEVEN}, values)
        for secret in (values["KAFKA_API_SECRET"], values["SR_API_SECRET"]):
            self.assertNotIn(secret, " ".join(self.started["argv"]))
            self.assertNotIn(secret, done.stdout + done.stderr)

    def test_a_shell_that_sources_the_file_reads_the_same_and_runs_nothing(self):
        values = {
            "SR_API_KEY": "plain-Key_1+/=",
            "SR_API_SECRET": "'`touch ran`' $(touch ran) \"${HOME}\" \\' !x && ; # \\",
            "KAFKA_API_KEY": "''",
            "KAFKA_API_SECRET": "tab\there 'and' \\\\ there\\",
            "BOOTSTRAP_SERVERS": "b:1",
        }
        flags = (f"--{name.lower().replace('_', '-')}={value}" for name, value in values.items())
        done = self.run_script(
            "--mode=full", "--example=basic", "--schema-registry-url=https://registry.invalid/", *flags
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        script = "set -eu; set -a; source ./.env; exec env -0"
        shown = subprocess.run(
            ["bash", "-c", script], cwd=self.dir, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
        )
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        read = dict(entry.split("=", 1) for entry in shown.stdout.split("\0") if entry)
        self.assertEqual({name: read[name] for name in values}, values)
        self.assertFalse((self.dir / "ran").exists())

    # Secrets

    def without(self, *names):
        both = {**REMOTE, **KAFKA, "--mode": "full"}
        return [f"{name}={value}" for name, value in both.items() if name not in names]

    SECRETS = {"SR_API_SECRET": "sr-hush", "KAFKA_API_SECRET": "kafka-hush"}

    def assert_hushed(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({name: self.started["env"][name] for name in self.SECRETS}, self.SECRETS)
        build = json.loads((self.dir / "cargo.json.build").read_text())
        for secret in self.SECRETS.values():
            self.assertNotIn(secret, json.dumps(build) + " ".join(self.started["argv"]))
            self.assertIn(secret, (self.dir / ".env").read_text())
        self.assertNotIn("list of processes", done.stderr)

    def test_keys_and_secrets_from_the_environment(self):
        flags = ["--sr-api-key", "--sr-api-secret", "--kafka-api-key", "--kafka-api-secret"]
        keys = {"SR_API_KEY": "SRKEY", "KAFKA_API_KEY": "KKEY"}
        done = self.run_script(*self.without(*flags), env={**keys, **self.SECRETS})
        self.assert_hushed(done)
        self.assertEqual({name: self.started["env"][name] for name in keys}, keys)

    def test_secrets_from_standard_input(self):
        args = self.without("--sr-api-secret", "--kafka-api-secret")
        dashes = ["--kafka-api-secret=-", "--sr-api-secret", "-"]
        self.assert_hushed(self.run_script(*args, *dashes, stdin="sr-hush\r\nkafka-hush", env={"SR_API_SECRET": "stale"}))
        self.out.unlink()
        (self.dir / ".env").unlink()
        self.aws_log.write_text("")
        for lines, flag in [("", "--sr-api-secret"), ("sr-hush\n", "--kafka-api-secret"), ("\nx", "--sr-api-secret")]:
            with self.subTest(lines=lines):
                self.assert_usage_error(self.run_script(*args, *dashes, stdin=lines), flag, "standard input")

    def test_a_secret_on_the_command_line_is_warned_of(self):
        done = self.run_script(*self.flags(), env={"KAFKA_API_SECRET": "stale", "KAFKA_API_KEY": "stale"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("list of processes", done.stderr)
        # Without full mode, Kafka's variables of the environment are not stored.
        self.assertNotIn("stale", (self.dir / ".env").read_text())

    def test_a_stale_env_where_the_caller_stands_cannot_win(self):
        elsewhere = self.dir / "else where"
        elsewhere.mkdir()
        (elsewhere / ".env").write_text('AWS_KMS_KEY_ARN="stale"\nBOOTSTRAP_SERVERS="stale:1"\n')
        if "REAL_BINARY" not in os.environ:
            self.skipTest("REAL_BINARY is not set")
        real = {"REAL_BINARY": os.environ["REAL_BINARY"]}
        done = self.run_script(
            *self.flags(schema_registry_url="http://127.0.0.1:9"), "--save-schemas=out", env=real, cwd=elsewhere
        )
        self.assertEqual(self.started["cwd"], str(self.dir.resolve()))
        self.assertIn(f"--save-schemas={elsewhere.resolve()}/out", self.started["argv"])
        # The stale ARN would end the program with 2, but it gets as far as the registry.
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertNotIn("stale", done.stderr)

    def test_an_env_of_ones_own_outlives_any_number_of_runs(self):
        env_file = self.dir / ".env"
        env_file.write_text('LOCAL_SECRET="mine"\n')
        for key in ["one", "two", "three"]:
            self.assertEqual(self.run_script(*self.flags(sr_api_key=key)).returncode, 0)
            self.assertIn(f'SR_API_KEY="{key}"', env_file.read_text())
        backup = self.dir / ".env.bak"
        self.assertEqual(backup.read_text(), 'LOCAL_SECRET="mine"\n')
        self.assertEqual(sorted(p.name for p in self.dir.glob(".env*")), [".env", ".env.bak"])
        # A file with an added line belongs to the user, too.
        added = env_file.read_text() + 'LOCAL_SECRET="another"\n'
        env_file.write_text(added)
        self.run_script(*self.flags(sr_api_key="four"))
        self.assertEqual(backup.read_text(), 'LOCAL_SECRET="mine"\n')
        self.assertEqual((self.dir / ".env.bak.1").read_text(), added)
        self.assertEqual(stat.S_IMODE((self.dir / ".env.bak.1").stat().st_mode), 0o600)

    def test_a_different_env_is_kept_as_a_private_backup(self):
        env_file = self.dir / ".env"
        env_file.write_text("SR_API_KEY=mine\n")
        env_file.chmod(0o644)
        self.run_script(*self.flags())
        backup = self.dir / ".env.bak"
        self.assertEqual(backup.read_text(), "SR_API_KEY=mine\n")
        self.assertEqual(stat.S_IMODE(backup.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(env_file.stat().st_mode), 0o600)
        # With the same values there is nothing to back up.
        backup.unlink()
        self.run_script(*self.flags())
        self.assertFalse(backup.exists())
        self.assertEqual(sorted(p.name for p in self.dir.glob(".env*")), [".env"])

    # AWS

    CREDENTIALS = {"AWS_ACCESS_KEY_ID": "env-key", "AWS_SECRET_ACCESS_KEY": "env-secret", "AWS_REGION": REGION}

    def key_behind_alias(self):
        return self.kms.describe_key(KeyId=ALIAS)["KeyMetadata"]

    def test_other_examples_do_not_touch_aws(self):
        self.run_script(*self.flags(), env=self.CREDENTIALS)
        self.assertEqual(self.aws_calls(), [])
        self.assertEqual(self.started["env"]["AWS_KMS_KEY_ARN"], "")

    def test_csfle_without_profile_or_credentials(self):
        done = self.run_script(*self.flags(example="csfle"))
        self.assert_usage_error(done, "--profile")

    def test_csfle_with_a_local_secret_needs_no_aws(self):
        done = self.run_script(*self.flags(example="csfle"), env={"LOCAL_SECRET": "s"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.aws_calls(), [])

    def test_provisions_a_key_and_re_uses_it(self):
        done = self.run_script(*self.flags(example="all"), env=self.CREDENTIALS)
        self.assertEqual(done.returncode, 0, done.stderr)
        key = self.key_behind_alias()
        arn = key["Arn"]
        self.assertEqual(self.started["env"]["AWS_KMS_KEY_ARN"], arn)
        self.assertIn(f'AWS_KMS_KEY_ARN="{arn}"', (self.dir / ".env").read_text())
        self.assertTrue(self.kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"])
        tags = self.kms.list_resource_tags(KeyId=arn)["Tags"]
        self.assertIn({"TagKey": "Purpose", "TagValue": PURPOSE}, tags)
        policy = json.loads(self.kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
        account, caller = policy["Statement"]
        self.assertTrue(account["Principal"]["AWS"].endswith(":root"))
        self.assertEqual(
            caller["Action"], ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
        )
        self.assertIn(arn, done.stderr)
        again = self.run_script(*self.flags(example="csfle"), env=self.CREDENTIALS)
        self.assertIn("Re-using", again.stderr)
        self.assertEqual(self.started["env"]["AWS_KMS_KEY_ARN"], arn)

    def test_a_disabled_key_is_replaced(self):
        self.run_script(*self.flags(example="csfle"), env=self.CREDENTIALS)
        old = self.key_behind_alias()["Arn"]
        self.kms.disable_key(KeyId=self.key_behind_alias()["KeyId"])
        done = self.run_script(*self.flags(example="csfle"), env=self.CREDENTIALS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotEqual(self.key_behind_alias()["Arn"], old)

    def test_a_foreign_key_behind_the_alias_is_left_alone(self):
        foreign = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.kms.create_alias(AliasName=ALIAS, TargetKeyId=foreign)
        done = self.run_script(*self.flags(example="csfle"), env=self.CREDENTIALS)
        self.assertEqual(done.returncode, 1)
        self.assertIn(foreign, done.stderr)
        self.assertIn("hint:", done.stderr)
        self.assertIsNone(self.started)
        self.assertEqual(self.key_behind_alias()["Arn"], foreign)

    def test_the_build_comes_before_aws(self):
        done = self.run_script(*self.flags(example="csfle"), env=self.CREDENTIALS)
        self.assertEqual(self.calls()[0], "cargo build --release --locked")
        self.assertIn("Building the release binary", done.stderr)
        self.aws_log.write_text("")
        self.out.unlink()
        (self.dir / ".env").unlink()
        done = self.run_script(*self.flags(example="csfle"), env={**self.CREDENTIALS, "FAIL_ON": "cargo build"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("hint:", done.stderr)
        self.assertEqual(self.aws_calls(), [])
        self.assertIsNone(self.started)
        self.assertFalse((self.dir / ".env").exists())

    def test_an_exported_region_serves_a_profile_without_one(self):
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"]:
            with self.subTest(name=name):
                done = self.run_script(
                    *self.flags(example="csfle"), "--profile=dev", env={"NO_REGION": "1", name: REGION}
                )
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.started["env"]["AWS_REGION"], REGION)
        self.out.unlink()
        done = self.run_script(*self.flags(example="csfle"), "--profile=dev", env={"NO_REGION": "1"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("no AWS region", done.stderr)
        self.assertIsNone(self.started)

    def test_a_failure_half_way_leaves_no_key(self):
        before = {k["KeyId"] for k in self.kms.list_keys()["Keys"]}
        for step in ["kms enable-key-rotation", "kms create-alias"]:
            with self.subTest(step=step):
                done = self.run_script(*self.flags(example="csfle"), env={**self.CREDENTIALS, "FAIL_ON": step})
                self.assertEqual(done.returncode, 4, done.stderr)
                self.assertIsNone(self.started)
                self.assertFalse((self.dir / ".env").exists())
        made = {k["KeyId"] for k in self.kms.list_keys()["Keys"]} - before
        self.assertEqual(len(made), 2)
        for key in made:
            self.assertEqual(self.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"], "PendingDeletion")

    def test_signs_in_with_the_profile(self):
        done = self.run_script(
            *self.flags(example="csfle"), "--profile=dev", env={"AWS_PROFILE": "--profile=bogus"}
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.aws_calls()[:2], ["sso login", "configure export-credentials"])
        env = self.started["env"]
        self.assertEqual(env["AWS_ACCESS_KEY_ID"], "from-export")
        self.assertEqual(env["AWS_SECRET_ACCESS_KEY"], "secret-export")
        self.assertEqual(env["AWS_SESSION_TOKEN"], "token=with=signs")
        self.assertEqual(env["AWS_REGION"], REGION)
        self.assertNotIn("AWS_PROFILE", env)
        self.assertNotIn("secret-export", done.stdout + done.stderr)

    def test_falls_back_on_aws2_wrap(self):
        self.stub("aws2-wrap", STUB_AWS2_WRAP)
        done = self.run_script(
            *self.flags(example="csfle"), "--profile=dev", env={"NO_EXPORT": "1", "AWS_SESSION_TOKEN": "stale"}
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        env = self.started["env"]
        self.assertEqual((env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]), ("from-wrap", "secret-wrap"))
        self.assertNotIn("AWS_SESSION_TOKEN", env)

    def test_no_way_to_export_credentials(self):
        done = self.run_script(*self.flags(example="csfle"), "--profile=dev", env={"NO_EXPORT": "1"})
        self.assertEqual(done.returncode, 4)
        self.assertIn("aws2-wrap", done.stderr)
        self.assertIsNone(self.started)

    def test_refused_sign_in(self):
        done = self.run_script(*self.flags(example="csfle"), "--profile=dev", env={"FAIL_ON": "sso login"})
        self.assertEqual(done.returncode, 4)
        self.assertIn("hint:", done.stderr)
        self.assertIsNone(self.started)

    # The README's commands

    def test_the_readme_makes_and_deletes_a_key_by_hand(self):
        script = "set -eu\n" + readme_block("make key")
        script += 'printf "%s" "$AWS_KMS_KEY_ARN" >arn\n' + readme_block("delete key")
        done = subprocess.run(
            ["bash", "-c", script],
            env={
                **self.CREDENTIALS,
                "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
                "HOME": str(self.dir),
                "STUB_AWS_LOG": str(self.aws_log),
                "AWS_ENDPOINT_URL": self.endpoint,
            },
            cwd=self.dir,
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        arn = (self.dir / "arn").read_text()
        self.assertTrue(self.kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"])
        self.assertEqual(self.kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"], "PendingDeletion")
        self.assertNotIn(ALIAS, [alias["AliasName"] for alias in self.kms.list_aliases()["Aliases"]])


if __name__ == "__main__":
    unittest.main()
