"""Three Apache Kafka nodes on loopback, with the settings of Confluent Cloud: SASL_SSL
with PLAIN users, replication factor 3, no automatic topics."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

NODES = 3
# Users of the cluster. An ACL refuses `limited`.
USERS = {"admin": "admin-secret", "app": "app-s3cret", "limited": "limited-secret"}
START_SECONDS = 120
STOP_SECONDS = 20


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def openssl(*args, cwd):
    subprocess.run(["openssl", *args], cwd=cwd, check=True, capture_output=True, timeout=60)


def make_certificates(directory):
    """Creates a certificate authority and a node certificate signed by it."""
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem",
            "-subj", "/CN=interop test authority", cwd=directory)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "node.key", "-out", "node.csr",
            "-subj", "/CN=localhost", cwd=directory)
    (directory / "node.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", "node.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "node.ext", "-out", "node.pem", cwd=directory)
    keystore = (directory / "node.key").read_text() + (directory / "node.pem").read_text()
    (directory / "keystore.pem").write_text(keystore)
    return directory / "ca.pem"


class Cluster:
    def __init__(self, jars):
        self.dir = Path(tempfile.mkdtemp(prefix="kafka-cluster-"))
        self.jars = jars
        self.ca = make_certificates(self.dir)
        ports = free_ports(2 * NODES)
        self.client_ports, self.controller_ports = ports[:NODES], ports[NODES:]
        self.bootstrap = ",".join(f"127.0.0.1:{port}" for port in self.client_ports)
        self.processes = [None] * NODES

    def __enter__(self):
        try:
            cluster_id = self.java("kafka.tools.StorageTool", "random-uuid").strip().splitlines()[-1]
            for node in range(NODES):
                config = self.write_config(node)
                self.java("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(config))
            for node in range(NODES):
                self.start(node)
            self.wait_until_ready()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for node in range(NODES):
            self.stop(node, wait=False)
        for node in range(NODES):
            self.stop(node)
        shutil.rmtree(self.dir, ignore_errors=True)

    def command(self, main, *args):
        return ["java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{self.jars}/*", main, *args]

    def java(self, main, *args):
        done = subprocess.run(self.command(main, *args), capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"{main} {' '.join(args)}: {done.stdout}{done.stderr}")
        return done.stdout

    def write_config(self, node):
        voters = ",".join(f"{i + 1}@127.0.0.1:{port}" for i, port in enumerate(self.controller_ports))
        users = " ".join(f'user_{name}="{password}"' for name, password in USERS.items())
        jaas = ("org.apache.kafka.common.security.plain.PlainLoginModule required "
                f'username="admin" password="{USERS["admin"]}" {users};')
        listener = f"127.0.0.1:{self.client_ports[node]}"
        properties = {
            "process.roles": "broker,controller",
            "node.id": node + 1,
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": f"CLIENT://{listener},CONTROLLER://127.0.0.1:{self.controller_ports[node]}",
            "advertised.listeners": f"CLIENT://{listener}",
            "listener.security.protocol.map": "CLIENT:SASL_SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "listener.name.client.plain.sasl.jaas.config": jaas,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.dir / "keystore.pem",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.ca,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # ANONYMOUS is the user on the controllers' own listener.
            "super.users": "User:admin;User:ANONYMOUS",
            "allow.everyone.if.no.acl.found": "true",
            "auto.create.topics.enable": "false",
            "default.replication.factor": 3,
            "min.insync.replicas": 2,
            "offsets.topic.replication.factor": 3,
            "offsets.topic.num.partitions": 6,
            "transaction.state.log.replication.factor": 3,
            "transaction.state.log.min.isr": 2,
            "group.initial.rebalance.delay.ms": 0,
            "controlled.shutdown.enable": "false",
            "message.max.bytes": 400000,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "log.dirs": self.dir / f"data-{node}",
        }
        path = self.dir / f"node-{node}.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
        return path

    def start(self, node):
        log = open(self.dir / f"node-{node}.log", "ab")
        self.processes[node] = subprocess.Popen(
            self.command("kafka.Kafka", str(self.dir / f"node-{node}.properties")),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        log.close()

    def stop(self, node, wait=True):
        """Kills one node by its process id, like a crash."""
        process = self.processes[node]
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        if wait:
            process.wait(timeout=STOP_SECONDS)
            self.processes[node] = None

    def client_config(self, user="app"):
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": user,
            "sasl.password": USERS[user],
            "ssl.ca.location": str(self.ca),
        }

    def environment(self, user="app", password=None):
        return {
            "BOOTSTRAP_SERVERS": self.bootstrap,
            "KAFKA_API_KEY": user,
            "KAFKA_API_SECRET": password or USERS[user],
            "KAFKA_SSL_CA_LOCATION": str(self.ca),
        }

    def commit_an_offset(self):
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer({**self.client_config("admin"), "group.id": "ready", "log_level": 0})
        try:
            consumer.commit(offsets=[TopicPartition("ready", 0, 0)], asynchronous=False)
        finally:
            consumer.close()

    def wait_until_ready(self):
        """Waits for three brokers, a topic on all three, and a committed offset, for
        which the cluster first creates an internal topic."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({**self.client_config("admin"), "log_level": 0})
        end = time.monotonic() + START_SECONDS
        last = None
        while time.monotonic() < end:
            for node, process in enumerate(self.processes):
                if process and process.poll() is not None:
                    log = (self.dir / f"node-{node}.log").read_text()[-3000:]
                    raise RuntimeError(f"node {node} ended with {process.returncode}:\n{log}")
            try:
                if len(admin.list_topics(timeout=3).brokers) == NODES:
                    if "ready" not in admin.list_topics(timeout=3).topics:
                        made = admin.create_topics([NewTopic("ready", 1, 3)], request_timeout=5)
                        made["ready"].result(timeout=10)
                    self.commit_an_offset()
                    return
            except KafkaException as error:
                last = error
            time.sleep(0.5)
        raise RuntimeError(f"the cluster is not ready after {START_SECONDS} s: {last}")
