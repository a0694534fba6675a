"""Descriptor sets of protoc, and the text that this project registers for them.
Started by ./run, which sets WORKER."""

import base64
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import grpc_tools
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_tools import protoc

SCHEMAS = Path(__file__).resolve().parent / "../../../schemas"
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
FIELDS = "int64 cents = 1; bytes b = 2; optional string n = 3; oneof payment { string card = 4; uint64 cash = 5; }"
OWN = """syntax = "proto2"; package own; import "google/protobuf/descriptor.proto";
message Mark { optional string text = 1; repeated int32 numbers = 2; }
extend google.protobuf.FieldOptions { optional Mark mark = 50001; }
extend google.protobuf.FileOptions { optional string owner_name = 50002; }"""
PROTO3 = {
    "no options": ("", "message Order {"),
    "file options": ('option java_package = "x.y"; option optimize_for = SPEED;', 'java_package = "x.y"'),
    "deprecated": (
        'message Old { option deprecated = true; int32 a = 1 [deprecated = true, json_name = "z"]; }',
        'json_name = "z"'),
    "well-known types": (
        'import "google/protobuf/timestamp.proto"; '
        "message At { google.protobuf.Timestamp t = 1; }", ".google.protobuf.Timestamp t = 1;"),
    "custom options": (
        'import "own/options.proto"; option (own.owner_name) = "me"; '
        'message C { string a = 1 [(own.mark) = { text: "t", numbers: [1, 2] }]; }',
        'option (own.owner_name) = "me";'),
    "tags": (
        'import "confluent/meta.proto"; message T { string a = 1 [(confluent.field_meta).tags = "PII"]; }',
        '"PII"'),
    "services": ("service S { rpc R(Order) returns (stream Order) { option deprecated = true; } }", "rpc R"),
}
CASES = {what: (f'syntax = "proto3"; package shop; {before} message Order {{ {FIELDS} }}', expected)
         for what, (before, expected) in PROTO3.items()}
CASES["proto2"] = (
    'syntax = "proto2"; package shop; message Order { optional int64 cents = 1 [default = -5]; optional bytes b = 2;'
    " optional string n = 3; oneof payment { string card = 4; uint64 cash = 5; }"
    " optional group Extra = 6 { repeated int32 many = 1 [packed = true]; } reserved 50, 60 to 70;"
    ' reserved "gone"; extensions 100 to 200, 300; extend Order { optional string more_text = 100; } }'
    " extend Order { optional Level level_of = 101 [default = HIGH]; } enum Level { LOW = 0; HIGH = 1; }",
    "optional string more_text = 100;")


class Descriptors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.worker = subprocess.Popen(
            [os.environ["WORKER"], "descriptors"], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.worker.stdin.close()
        cls.worker.wait(timeout=20)
        cls.worker.stdout.close()

    def ask(self, descriptor_set, message):
        request = {"set": base64.b64encode(descriptor_set).decode(), "record": base64.b64encode(message).decode()}
        self.worker.stdin.write(json.dumps(request) + "\n")
        self.worker.stdin.flush()
        while line := self.worker.stdout.readline():
            if line.startswith(">>> "):
                return json.loads(line[4:])
        raise AssertionError("the worker is gone")

    def compile(self, files, *flags):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            out = Path(folder, "set.bin")
            status = protoc.main(["protoc", f"-I{folder}", f"-I{SCHEMAS}", f"-I{WELL_KNOWN}", *flags,
                                  f"--descriptor_set_out={out}", "shop/order.proto"])
            self.assertEqual(status, 0, files)
            return out.read_bytes()

    def message(self, descriptor_set, values):
        pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_set).file:
            pool.Add(file)
        order = message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Order"))
        return json_format.ParseDict(values, order())

    def test_sets_of_protoc_are_taken_and_their_text_is_protobuf(self):
        values = {"cents": "1999", "b": "AQI=", "cash": "7"}
        for what, (text, expected) in CASES.items():
            files = {"shop/order.proto": text, "own/options.proto": OWN}
            whole = self.compile(files, "--include_imports")
            record = self.message(whole, values).SerializeToString()
            for flags in (["--include_imports"], ["--include_imports", "--include_source_info"], []):
                with self.subTest(what, flags=flags):
                    answer = self.ask(self.compile(files, *flags), record)
                    if what == "custom options" and not flags:
                        self.assertIn("own/options.proto", answer["error"])
                        continue
                    self.assertNotIn("error", answer)
                    self.assertEqual(answer["json"], values)
                    self.assertEqual(base64.b64decode(answer["record"]), record)
                    self.assertIn(expected, answer["text"])
                    self.assertNotIn('json_name = "moreText"', answer["text"])
                    # protoc reads from the text what the set has, including options.
                    again = self.compile({**answer["dependencies"], "shop/order.proto": answer["text"]},
                                         "--include_imports")
                    self.assertEqual(main(again), main(whole))


def main(descriptor_set):
    """Returns the main file, regardless of the order of fields and types."""
    [file] = [file for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_set).file
              if file.name == "shop/order.proto"]
    return file


if __name__ == "__main__":
    unittest.main()
