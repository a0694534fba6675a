"""Compares our JSON with json_format's on random messages, in both directions.

The messages avoid cases in which the two differ on purpose:

- Negative zero in a field without presence: prost treats it as the default and
  omits it, as our Rust types do; Python keeps it.
- Any with an Empty: Python prints no "value" next to "@type"; we do, as
  prost-reflect does, and read both.
- A Value without a member: both print null, which parses to the null member.
- If two shortest decimal forms of a float are equally near, Python prints the one
  with the even last digit, Rust the upper one: 3094493.25 is .2 or .3.
- NullValue has no JSON except null, whatever its number.
"""

import base64
import json
import math
import os
import random
import struct
import subprocess
import unittest

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor as F

COUNT = int(os.environ.get("COUNT", "20000"))
SEED = int(os.environ.get("SEED", "4711"))
TEXT = 'aB_0"\\\n\x01\x7fé𝄞/<'


def same(ours, theirs):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, float) and isinstance(theirs, float) and ours != theirs:
        # Two shortest forms of a float may be equally near.
        return abs(ours) < 3.4e38 and struct.pack("<f", ours) == struct.pack("<f", theirs)
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


class Worker:
    def __init__(self):
        self.process = subprocess.Popen(
            [os.environ["WORKER"], "json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith(">>> "):
                return json.loads(line[4:])
        raise AssertionError("the worker is gone")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait(timeout=30)


class Maker:
    """Generates random messages."""

    def __init__(self, seed, pool):
        self.random = random.Random(seed)
        self.pool = pool

    def integer(self, low, high):
        if self.random.random() < 0.3:
            return self.random.choice([low, high, 0, 1])
        return self.random.randint(low, high)

    def double(self):
        choice = self.random.random()
        if choice < 0.2:
            return self.random.choice([1.5, math.nan, math.inf, -math.inf, 5e-324, 1e21, -7.0])
        if choice < 0.6:
            return self.random.randint(-(10**6), 10**6) / 100 + 0.0
        value = struct.unpack("<d", self.random.randbytes(8))[0]
        # JSON has only one NaN.
        return 0.5 if value == 0 or math.isnan(value) else value

    def single(self):
        while True:
            bits = self.random.randbytes(4)
            value = struct.unpack("<f", bits)[0]
            # Python keeps the payload of a NaN, and cannot print the shortest form of
            # the largest numbers.
            if value != 0 and not math.isnan(value) and abs(value) < 3.4e38:
                return value

    def text(self):
        return "".join(self.random.choice(TEXT) for _ in range(self.random.randrange(6)))

    def scalar(self, field):
        kind = field.type
        if kind in (F.TYPE_INT32, F.TYPE_SINT32, F.TYPE_SFIXED32):
            return self.integer(-(2**31), 2**31 - 1)
        if kind in (F.TYPE_UINT32, F.TYPE_FIXED32):
            return self.integer(0, 2**32 - 1)
        if kind in (F.TYPE_INT64, F.TYPE_SINT64, F.TYPE_SFIXED64):
            return self.integer(-(2**63), 2**63 - 1)
        if kind in (F.TYPE_UINT64, F.TYPE_FIXED64):
            return self.integer(0, 2**64 - 1)
        if kind == F.TYPE_BOOL:
            return self.random.random() < 0.5
        if kind == F.TYPE_DOUBLE:
            return self.double()
        if kind == F.TYPE_FLOAT:
            return self.single()
        if kind == F.TYPE_STRING:
            return self.text()
        if kind == F.TYPE_BYTES:
            return self.random.randbytes(self.random.randrange(8))
        numbers = [value.number for value in field.enum_type.values]
        if field.file.name == "kinds3.proto" and field.enum_type.name == "Color":
            numbers.append(77)
        return self.random.choice(numbers)

    def fill(self, message, depth=0):
        name = message.DESCRIPTOR.full_name
        known = getattr(self, "fill_" + name.rsplit(".", 1)[1], None)
        if name.startswith("google.protobuf.") and known:
            known(message, depth)
            return
        fields = list(message.DESCRIPTOR.fields)
        fields += self.pool.FindAllExtensions(message.DESCRIPTOR)
        required = [field for field in fields if getattr(field, "is_required", False)]
        count = self.random.randrange(10) if depth <= 3 else 0
        for field in required + self.random.sample(fields, min(count, len(fields))):
            self.field(message, field, depth)

    def field(self, message, field, depth):
        extension = field.is_extension
        holder = message.Extensions if extension else message
        get = (lambda: holder[field]) if extension else (lambda: getattr(holder, field.name))
        entry = field.message_type
        if entry and entry.GetOptions().map_entry:
            key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
            for _ in range(self.random.randrange(4)):
                if value.message_type:
                    self.fill(get()[self.scalar(key)], depth + 1)
                else:
                    get()[self.scalar(key)] = self.scalar(value)
        elif field.is_repeated:
            for _ in range(self.random.randrange(4)):
                if entry:
                    self.fill(get().add(), depth + 1)
                else:
                    get().append(self.scalar(field))
        elif entry:
            get().SetInParent()
            self.fill(get(), depth + 1)
        elif extension:
            holder[field] = self.scalar(field)
        else:
            setattr(holder, field.name, self.scalar(field))

    def fill_Timestamp(self, message, _):
        message.seconds = self.random.choice(
            [0, -1, -62135596800, 253402300799, self.random.randint(-(10**10), 10**10)]
        )
        message.nanos = self.random.choice([0, 1, 20_000_000, 999_999_999, 5_000])

    def fill_Duration(self, message, _):
        sign = self.random.choice([1, -1])
        message.seconds = sign * self.random.choice([0, 1, 315576000000, 4711])
        message.nanos = sign * self.random.choice([0, 1, 20_000_000, 999_999_999, 5_000])

    def fill_FieldMask(self, message, _):
        for _ in range(self.random.randrange(3)):
            message.paths.append(self.random.choice(["foo", "foo_bar.baz", "a_b_c"]))

    def fill_Value(self, message, depth):
        choice = self.random.randrange(6 if depth < 3 else 4)
        if choice == 0:
            message.null_value = 0
        elif choice == 1:
            message.number_value = self.random.randint(-(10**6), 10**6) / 8
        elif choice == 2:
            message.string_value = self.text()
        elif choice == 3:
            message.bool_value = self.random.random() < 0.5
        elif choice == 4:
            message.list_value.SetInParent()
            self.fill_ListValue(message.list_value, depth + 1)
        else:
            message.struct_value.SetInParent()
            self.fill_Struct(message.struct_value, depth + 1)

    def fill_ListValue(self, message, depth):
        for _ in range(self.random.randrange(3)):
            self.fill_Value(message.values.add(), depth + 1)

    def fill_Struct(self, message, depth):
        for _ in range(self.random.randrange(3)):
            self.fill_Value(message.fields[self.text()], depth + 1)

    def fill_Empty(self, message, _):
        pass

    def fill_Any(self, message, depth):
        name = self.random.choice(
            ["kinds.Three", "google.protobuf.Duration", "google.protobuf.Int32Value", None]
        )
        if name and depth < 3:
            inner = message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))()
            self.fill(inner, depth + 1)
            message.Pack(inner, deterministic=True)


class JsonTest(unittest.TestCase):
    def setUp(self):
        self.worker = Worker()
        self.addCleanup(self.worker.close)

    def compare(self, name, count, seed):
        files = base64.b64decode(self.worker.ask(op="schema", message=name)["files"])
        pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(files).file:
            pool.Add(file)
        made = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
        for file in descriptor_pb2.FileDescriptorSet.FromString(files).file:
            for extended in pool.FindFileByName(file.name).extensions_by_name.values():
                message_factory.GetMessageClass(extended.containing_type)
        maker = Maker(seed, pool)
        for i in range(count):
            message = made()
            maker.fill(message)
            where = f"message {i} of seed {seed}: {message}"
            payload = message.SerializeToString(deterministic=True)
            json_names = i % 2 == 0
            theirs = json_format.MessageToJson(
                message,
                preserving_proto_field_name=not json_names,
                descriptor_pool=pool,
                ensure_ascii=i % 3 == 0,
            )

            # Bytes to JSON.
            encoded = base64.b64encode(payload).decode()
            ours = self.worker.ask(
                op="print", message=name, bytes=encoded, json_names=json_names
            )
            self.assertNotIn("error", ours, where)
            self.assertTrue(same(json.loads(ours["json"]), json.loads(theirs)), where)
            read = json_format.Parse(ours["json"], made(), descriptor_pool=pool)
            self.assertEqual(self.canonical(read, pool), self.canonical(message, pool), where)

            # JSON to bytes.
            written = self.worker.ask(op="encode", message=name, json=theirs)
            self.assertNotIn("error", written, where)
            read = made.FromString(base64.b64decode(written["bytes"]))
            self.assertEqual(self.canonical(read, pool), self.canonical(message, pool), where)

    def canonical(self, message, pool):
        text = json_format.MessageToJson(message, descriptor_pool=pool, sort_keys=True)
        if "@type" in text:
            # Writers differ in the order of maps and in whether they write defaults
            # inside of maps, which is visible inside of an Any.
            return text
        return message.SerializeToString(deterministic=True)

    def test_proto3(self):
        self.compare("kinds.Three", COUNT // 2, SEED)

    def test_proto2(self):
        self.compare("kinds.Two", COUNT // 2, SEED + 1)


if __name__ == "__main__":
    unittest.main()
