"""The program in full mode on a real cluster, and its records in the official Python
client. Started by ./run, which sets KAFKA_JARS and BINARY."""

import base64
import json
import os
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from cluster import Cluster, NODES
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ["BINARY"]
LOCAL_SECRET = "kafka-interop"


def clean_environment(**extra):
    keep = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "CARGO_TARGET_DIR")}
    return {**keep, **extra}


class FullMode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(os.environ["KAFKA_JARS"]))
        cls.dir = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.registry = subprocess.Popen(
            [BINARY, "serve", "--listen", "127.0.0.1:0", "-o", "json"],
            cwd=cls.dir, env=clean_environment(LOCAL_SECRET=LOCAL_SECRET), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.stop_registry)
        cls.url = json.loads(cls.registry.stdout.readline())["url"]

    @classmethod
    def stop_registry(cls):
        cls.registry.terminate()
        try:
            cls.registry.wait(timeout=10)
        except subprocess.TimeoutExpired:
            cls.registry.kill()
        cls.registry.stdout.close()

    def run_program(self, *args, timeout=150, **env):
        start = time.monotonic()
        done = subprocess.run(
            [BINARY, "--mode", "full", *args], cwd=self.dir, timeout=timeout, capture_output=True, text=True,
            stdin=subprocess.DEVNULL,
            env=clean_environment(
                SCHEMA_REGISTRY_URL=self.url, LOCAL_SECRET=LOCAL_SECRET, **{**self.cluster.environment(), **env}))
        self.seconds = time.monotonic() - start
        self.assertNotIn("panicked", done.stderr)
        for secret in ("app-s3cret", "wrong-secret", LOCAL_SECRET):
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done

    def assert_fails(self, done, code, *needles):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn("error: ", done.stderr)
        self.assertIn("hint: ", done.stderr)
        for needle in needles:
            self.assertIn(needle, done.stderr)

    # All ten examples

    def all_examples(self, run_id, *args):
        done = self.run_program("--example", "all", "--run-id", run_id, "-o", "json", *args)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(len(document["examples"]), 10)
        return document

    def test_all_examples_dynamic(self):
        self.all_examples("it-dynamic")

    def test_all_examples_precompiled(self):
        self.all_examples("it-compiled", "--use-protoc")

    def test_a_second_run_with_the_same_id(self):
        for _ in range(2):
            done = self.run_program("--example", "basic", "--run-id", "it-twice")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_topics_have_the_partitions_and_replicas_asked_for(self):
        done = self.run_program("--example", "basic", "--run-id", "it-layout", KAFKA_PARTITIONS="4")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        admin = AdminClient(self.cluster.client_config("admin"))
        topics = admin.list_topics(timeout=10).topics
        mine = [name for name in topics if name.endswith("it-layout")]
        self.assertEqual(mine, ["testproto-it-layout"], "only the topics of the chosen example")
        partitions = topics[mine[0]].partitions.values()
        self.assertEqual([len(p.replicas) for p in partitions], [3] * 4)

    def test_an_existing_topic_with_other_partitions_is_used(self):
        admin = AdminClient(self.cluster.client_config("admin"))
        admin.create_topics([NewTopic("testproto-it-existing", 2, 3)])["testproto-it-existing"].result(timeout=15)
        done = self.run_program("--example", "basic", "--run-id", "it-existing")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_cleanup_removes_topics_and_groups_of_the_run_only(self):
        self.run_program("--example", "basic", "--run-id", "it-kept")
        done = self.run_program("--example", "basic", "--run-id", "it-cleaned", "--cleanup")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        admin = AdminClient(self.cluster.client_config("admin"))
        end = time.monotonic() + 20
        while time.monotonic() < end:
            topics = admin.list_topics(timeout=10).topics
            if "testproto-it-cleaned" not in topics:
                break
            time.sleep(0.2)
        self.assertNotIn("testproto-it-cleaned", topics)
        self.assertIn("testproto-it-kept", topics)
        groups = [g.group_id for g in admin.list_consumer_groups(request_timeout=10).result().valid]
        self.assertFalse([g for g in groups if g.endswith("it-cleaned")])

    # Failures

    def test_wrong_password(self):
        done = self.run_program("--example", "basic", KAFKA_API_SECRET="wrong-secret")
        self.assert_fails(done, 4, "refuses the credentials", "KAFKA_API_SECRET")
        self.assertLess(self.seconds, 10)

    def test_wrong_certificate_authority(self):
        with tempfile.TemporaryDirectory() as other:
            from cluster import make_certificates

            ca = make_certificates(Path(other))
            done = self.run_program("--example", "basic", KAFKA_SSL_CA_LOCATION=str(ca))
        self.assert_fails(done, 3, "TLS", "KAFKA_SSL_CA_LOCATION")
        self.assertLess(self.seconds, 10)

    def test_plain_text_to_the_tls_listener(self):
        for protocol, keep in [("SASL_PLAINTEXT", True), ("PLAINTEXT", False)]:
            with self.subTest(protocol=protocol):
                key = {} if keep else {"KAFKA_API_KEY": "", "KAFKA_API_SECRET": ""}
                done = self.run_program("--example", "basic", KAFKA_SECURITY_PROTOCOL=protocol, **key)
                self.assert_fails(done, 3, "the listener probably expects TLS", "KAFKA_SECURITY_PROTOCOL")
                self.assertLess(self.seconds, 10)

    def test_tls_without_credentials(self):
        done = self.run_program(
            "--example", "basic", KAFKA_SECURITY_PROTOCOL="SSL", KAFKA_API_KEY="", KAFKA_API_SECRET="")
        self.assert_fails(done, 3, "the listener probably expects credentials", "set KAFKA_API_KEY")
        self.assertLess(self.seconds, 10)

    def test_unknown_host(self):
        done = self.run_program("--example", "basic", BOOTSTRAP_SERVERS="no-such-host.invalid:9092")
        self.assert_fails(done, 3, "Failed to resolve", "no-such-host.invalid", "BOOTSTRAP_SERVERS")
        self.assertLess(self.seconds, 10)

    def test_topic_that_the_user_may_not_write(self):
        admin = AdminClient(self.cluster.client_config("admin"))
        topic = "testproto-it-denied"
        admin.create_topics([NewTopic(topic, 1, 3)])[topic].result(timeout=15)
        denial = AclBinding(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:limited", "*",
                            AclOperation.WRITE, AclPermissionType.DENY)
        for future in admin.create_acls([denial]).values():
            future.result(timeout=15)
        done = self.run_program("--example", "basic", "--run-id", "it-denied", **self.cluster.environment("limited"))
        self.assert_fails(done, 4, topic)

    def test_replication_factor_larger_than_the_cluster(self):
        done = self.run_program("--example", "basic", "--run-id", "it-rf", KAFKA_REPLICATION_FACTOR="5")
        self.assert_fails(done, 1, "testproto-it-rf", "KAFKA_REPLICATION_FACTOR")

    # The library's own steps, in Rust; see tests/interop/kafka.rs

    def step(self, name, on_line=None, **env):
        process = subprocess.Popen(
            [os.environ["WORKER"], "kafka", name],
            cwd=ROOT, env=clean_environment(SCHEMA_REGISTRY_URL=self.url, **self.cluster.environment(), **env),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        output = []
        with process:
            for line in process.stdout:
                output.append(line)
                if line.startswith(">>> ") and on_line:
                    on_line(line[4:].strip())
                    process.stdin.write("\n")
                    process.stdin.flush()
            code = process.wait(timeout=120)
        text = "".join(output)
        self.assertEqual(code, 0, text)
        self.assertIn(f"{name} passed", text)
        return text

    def test_library_on_the_cluster(self):
        for name in [
            "a_value_over_the_brokers_limit",
            "topics_are_created_once_and_deleted",
            "two_processes_create_one_topic_at_the_same_time",
            "a_committed_offset_survives_the_consumer",
        ]:
            with self.subTest(name):
                self.step(name)

    def test_z1_a_broker_dies_between_produce_and_consume(self):
        self.step("a_broker_dies_between_produce_and_consume", on_line=lambda _: self.cluster.stop(0))
        # Two of three nodes are the minimum of in-sync replicas.
        done = self.run_program("--example", "basic", "--run-id", "it-twice")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_z2_all_brokers_are_down(self):
        for node in range(NODES):
            self.cluster.stop(node)
        done = self.run_program("--example", "basic")
        self.assert_fails(done, 3, "BOOTSTRAP_SERVERS")
        self.assertLess(self.seconds, 45)

    # The official client

    def registry_client(self):
        return SchemaRegistryClient({"url": self.url})

    def message_class(self, subject, name):
        """Returns the message type, using only the registry."""
        pool = descriptor_pool.DescriptorPool()
        from google.protobuf import descriptor_pb2 as wkt  # descriptor.proto itself, for options

        pool.AddSerializedFile(wkt.DESCRIPTOR.serialized_pb)
        client = self.registry_client()

        def add(schema, file_name):
            for reference in schema.schema.references:
                add(client.get_version(reference.subject, reference.version, fmt="serialized"), reference.name)
            proto = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(schema.schema.schema_str))
            proto.name = file_name
            pool.Add(proto)

        add(client.get_latest_version(subject, fmt="serialized"), "main.proto")
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))

    def test_the_python_client_reads_our_records(self):
        for args in [(), ("--schema-id-in", "header")]:
            run_id = "it-read" + ("-header" if args else "")
            with self.subTest(run_id):
                done = self.run_program("--example", "basic", "--run-id", run_id, *args)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                topic = f"testproto-{run_id}"
                consumer = Consumer(
                    {**self.cluster.client_config(), "group.id": "python", "auto.offset.reset": "earliest"})
                consumer.subscribe([topic])
                try:
                    record = None
                    end = time.monotonic() + 30
                    while record is None and time.monotonic() < end:
                        record = consumer.poll(1.0)
                finally:
                    consumer.close()
                self.assertIsNotNone(record, "no record")
                self.assertIsNone(record.error())
                my_record = self.message_class(f"{topic}-value", "com.acme.MyRecord")
                deserialize = ProtobufDeserializer(my_record, {}, self.registry_client())
                value = deserialize(
                    record.value(), SerializationContext(topic, MessageField.VALUE, record.headers() or []))
                self.assertTrue(value.f1)
                self.assertTrue(value.f2.other_id)

    def test_our_reader_reads_the_python_clients_records(self):
        done = self.run_program("--example", "basic", "--run-id", "it-python")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        topic = "testproto-it-python"
        my_record = self.message_class(f"{topic}-value", "com.acme.MyRecord")
        serialize = ProtobufSerializer(
            my_record, self.registry_client(), {"auto.register.schemas": False, "use.latest.version": True})
        message = my_record(f1="from Python")
        message.f2.other_id = 4711
        producer = Producer(self.cluster.client_config())
        producer.produce(topic, serialize(message, SerializationContext(topic, MessageField.VALUE)), b"python")
        self.assertEqual(producer.flush(20), 0)
        self.step("records_of_the_python_client", TOPIC=topic)


if __name__ == "__main__":
    unittest.main()
