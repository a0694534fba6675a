"""Encrypted records between the official Python client and this project, in
both directions, through this project's DEK Registry. Started by ./run, which
sets BINARY and WORKER."""

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECRET = "csfle-interop-secret"
# Set the name of the AWS replacement before a client library reads it.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


AWS_PORT = free_port()
AWS = {
    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{AWS_PORT}",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
os.environ.update(AWS)

import boto3
from confluent_kafka.schema_registry import (
    Rule, RuleKind, RuleMode, RuleParams, RuleSet, Schema, SchemaRegistryClient)
from confluent_kafka.schema_registry.confluent import meta_pb2  # noqa: F401 (adds the file to the pool)
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.schema_registry.rule_registry import RuleRegistry
from confluent_kafka.schema_registry.rules.encryption.awskms.aws_driver import AwsKmsDriver
from confluent_kafka.schema_registry.rules.encryption.encrypt_executor import (
    EncryptionExecutor, FieldEncryptionExecutor)
from confluent_kafka.schema_registry.rules.encryption.localkms.local_driver import LocalKmsDriver
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

LocalKmsDriver.register()
AwsKmsDriver.register()

FIXTURE = json.loads((HERE / "../../fixtures/csfle-local-kms.json").read_text())
CLASSES = {}
for name, schema in FIXTURE["schemas"].items():
    file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(schema["serialized_base64"]))
    descriptor_pool.Default().Add(file)
    for message in file.message_type:
        full = f"{file.package}.{message.name}"
        CLASSES[full] = message_factory.GetMessageClass(
            descriptor_pool.Default().FindMessageTypeByName(full))
Order = CLASSES["interop.v1.Order"]
Customer = CLASSES["interop.v1.Customer"]
ALGORITHMS = ["AES128_GCM", "AES256_GCM", "AES256_SIV"]


def order():
    message = Order(order_id="o-9", notes=["first-secret", "", "drei ü-secret"], card="4111-secret", memo="open")
    message.contact.email = "a-secret@example.com"
    message.others.add(email="b-secret@example.com", country="FR")
    message.others.add(country="DE")
    message.by_role["billing"].email = "d-secret@example.com"
    message.by_role["empty"].SetInParent()
    message.labels["k"] = "untagged"
    message.nickname = "nick-secret"
    return message


def token_order():
    return Order(token=b"token-secret", notes=["other-secret"])


def customer():
    return Customer(id="c-1", name="Ada-secret", photo=b"photo-secret", balance=42)


class Worker:
    """This project's side: a worker process that reads JSON lines."""

    def __init__(self, **environment):
        keep = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        self.process = subprocess.Popen(
            [os.environ["WORKER"], "csfle"],
            env={**keep, **environment}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask(self, op, **request):
        self.process.stdin.write(json.dumps({"op": op, **request}) + "\n")
        self.process.stdin.flush()
        while line := self.process.stdout.readline():
            if line.startswith(">>> "):
                return json.loads(line[4:])
        raise AssertionError("the worker is gone")

    def call(self, op, **request):
        answer = self.ask(op, **request)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()


class Interop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = cls.enterClassContext(tempfile.TemporaryDirectory())
        keep = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        cls.registry = subprocess.Popen(
            [os.environ["BINARY"], "serve", "--listen", "127.0.0.1:0", "-o", "json"],
            cwd=cls.dir, env={**keep, "LOCAL_SECRET": SECRET}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.stop, cls.registry)
        cls.url = json.loads(cls.registry.stdout.readline())["url"]
        cls.aws = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(AWS_PORT)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.stop, cls.aws)
        for _ in range(300):
            try:
                urllib.request.urlopen(AWS["AWS_ENDPOINT_URL"] + "/moto-api/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        cls.client = SchemaRegistryClient({"url": cls.url})

    @staticmethod
    def stop(process):
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def worker(self, **environment):
        worker = Worker(**environment)
        self.addCleanup(worker.close)
        worker.call("connect", url=self.url, secret=SECRET)
        return worker

    def register(self, topic, schema, kek, algorithm, expiry, kms, payload=False):
        kms_type, key_id = kms
        params = {
            "encrypt.kek.name": kek, "encrypt.kms.type": kms_type, "encrypt.kms.key.id": key_id,
            "encrypt.dek.algorithm": algorithm, "encrypt.dek.expiry.days": expiry}
        rule = Rule(
            "encryptPII", None, RuleKind.TRANSFORM, RuleMode.WRITEREAD,
            "ENCRYPT_PAYLOAD" if payload else "ENCRYPT", None if payload else ["PII"],
            RuleParams(params), None, None, "ERROR,ERROR", False)
        rules = RuleSet(None, None, [rule]) if payload else RuleSet(None, [rule])
        self.client.register_schema(
            f"{topic}-value",
            Schema(FIXTURE["schemas"][schema]["serialized_base64"], "PROTOBUF", rule_set=rules))

    def python(self, cls):
        """Returns a serializer and a deserializer with new caches."""
        registry = RuleRegistry()
        registry.register_executor(FieldEncryptionExecutor())
        registry.register_executor(EncryptionExecutor())
        client = SchemaRegistryClient({"url": self.url})
        rules = {"secret": SECRET}
        serializer = ProtobufSerializer(
            cls, client, {"auto.register.schemas": False, "use.latest.version": True},
            rule_conf=rules, rule_registry=registry)
        return serializer, ProtobufDeserializer(cls, {}, client, rule_conf=rules, rule_registry=registry)

    def exchange(self, worker, topic, message):
        """Writes and reads records in each direction; returns all of them."""
        cls = type(message)
        context = SerializationContext(topic, MessageField.VALUE)
        source = message.SerializeToString()
        serializer, deserializer = self.python(cls)

        theirs = serializer(cls.FromString(source), context)
        self.assertNotIn(b"secret", theirs)
        self.read_by_worker(worker, topic, message, theirs)

        answer = worker.call(
            "encrypt", topic=topic, message=cls.DESCRIPTOR.full_name,
            payload=base64.b64encode(source).decode())
        records = [theirs]
        self.assertTrue(answer["records"])
        for ours in map(base64.b64decode, answer["records"]):
            self.assertNotIn(b"secret", ours)
            self.assertEqual(deserializer(ours, context), message)
            records.append(ours)
        return records

    def read_by_worker(self, worker, topic, message, record):
        answer = worker.call("decrypt", topic=topic, record=base64.b64encode(record).decode())
        self.assertEqual(len(answer["payloads"]), 2)
        for payload in answer["payloads"]:
            self.assertEqual(type(message).FromString(base64.b64decode(payload)), message)

    def read_by_all(self, worker, topic, message, records):
        for record in records:
            _, deserializer = self.python(type(message))
            context = SerializationContext(topic, MessageField.VALUE)
            self.assertEqual(deserializer(record, context), message)
            self.read_by_worker(worker, topic, message, record)

    def matrix(self, kms, label):
        worker = self.worker(**(AWS if kms[0] == "aws-kms" else {}))
        for algorithm in ALGORITHMS:
            for expiry in ("0", "1"):
                with self.subTest(algorithm=algorithm, expiry=expiry):
                    run = f"{label}-{algorithm}-{expiry}"
                    for schema, messages in (("order", [order(), token_order(), Order()]), ("customer", [customer()])):
                        topic = f"{run}-{schema}"
                        self.register(topic, schema, f"kek-{label}", algorithm, expiry, kms)
                        records = [self.exchange(worker, topic, message) for message in messages]
                    if expiry == "1":
                        version = worker.call(
                            "rotate", kek=f"kek-{label}", subject=f"{topic}-value",
                            algorithm=algorithm)["version"]
                        self.assertEqual(version, 2)
                        after = self.exchange(worker, topic, customer())
                        self.read_by_all(self.worker(**AWS), topic, customer(), [*records[0], *after])
                        for record in after:
                            photo = Customer.FromString(record[6:]).photo
                            self.assertEqual(photo[:5], b"\0\0\0\0\2")
                    topic = f"{run}-payload"
                    self.register(topic, "customer", f"kek-{label}", algorithm, expiry, kms, payload=True)
                    self.exchange(worker, topic, customer())

    def test_local_kms(self):
        self.matrix(("local-kms", "local-key"), "local")

    def key(self):
        return boto3.client("kms", region_name="eu-west-1").create_key()["KeyMetadata"]["Arn"]

    def test_aws_kms(self):
        self.matrix(("aws-kms", self.key()), "aws")

    def test_what_aws_wrapped_is_a_tink_key_and_is_used_again(self):
        arn = self.key()
        self.register("again", "customer", "kek-again", "AES256_GCM", "0", ("aws-kms", arn))
        records = self.exchange(self.worker(**AWS), "again", customer())
        dek = self.get("/keks/kek-again/deks/again-value?algorithm=AES256_GCM")
        raw = boto3.client("kms", region_name="eu-west-1").decrypt(
            KeyId=arn, CiphertextBlob=base64.b64decode(dek["encryptedKeyMaterial"]))["Plaintext"]
        self.assertEqual((raw[:2], len(raw)), (b"\x1a\x20", 34))
        # Again, and also with a role to assume first.
        role = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/reader"}
        for environment in ({}, role):
            more = self.exchange(self.worker(**AWS, **environment), "again", customer())
            self.read_by_all(self.worker(**AWS), "again", customer(), [*records, *more])
        self.assertEqual(self.get("/keks/kek-again/deks/again-value/versions?algorithm=AES256_GCM"), [1])
        self.assertEqual(self.get("/keks/kek-again")["kmsKeyId"], arn)

    def get(self, path):
        with urllib.request.urlopen(self.url + "/dek-registry/v1" + path, timeout=30) as answer:
            return json.load(answer)

    def test_a_second_run_of_the_program_uses_the_keys_of_the_first(self):
        environment = {
            **AWS, "PATH": os.environ["PATH"], "SCHEMA_REGISTRY_URL": self.url,
            "AWS_KMS_KEY_ARN": self.key()}
        # Each run finds the newest key of the previous one, and then rotates it.
        for kek, version, versions in (("created", 1, [1, 2]), ("used again", 2, [1, 2, 3])):
            run = subprocess.run(
                [os.environ["BINARY"], "--example", "csfle", "--run-id", "twice"],
                cwd=self.dir, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                text=True, timeout=120)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            narration = " ".join(run.stdout.split())
            self.assertIn(f"{kek}: aws-kms", narration)
            self.assertIn(f"data encryption key: version {version},", narration)
            [name] = [name for name in self.get("/keks") if "twice" in name]
            [subject] = self.get(f"/keks/{name}/deks")
            path = f"/keks/{name}/deks/{subject}/versions?algorithm=AES256_GCM"
            self.assertEqual(self.get(path), versions)

    def test_failures_are_said(self):
        arn = self.key()
        self.register("bad", "customer", "kek-bad", "AES256_GCM", "0", ("aws-kms", arn[:-4] + "0000"))
        request = {
            "topic": "bad", "message": "interop.v1.Customer",
            "payload": base64.b64encode(customer().SerializeToString()).decode()}
        error = self.worker(**AWS).ask("encrypt", **request)["error"]
        for part in ("encryptPII", "kek-bad", "NotFoundException", "aws-kms does not know the key"):
            self.assertIn(part, error)
        self.assertNotIn("secret", error)
        # A local secret other than the one that wrapped the key.
        self.register("other", "customer", "kek-other", "AES256_GCM", "0", ("local-kms", "k"))
        self.exchange(self.worker(), "other", customer())
        worker = self.worker()
        worker.call("connect", url=self.url, secret="another")
        error = worker.ask("encrypt", **{**request, "topic": "other"})["error"]
        self.assertIn("the local secret differs", error)


if __name__ == "__main__":
    unittest.main()
