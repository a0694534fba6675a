# shellcheck shell=bash
# Shared by the scripts in this folder: run `source ../common.sh` in the folder of
# one. Sets root and target, and defines functions that set binary and worker.

root=$(cd ../../.. && pwd)
target=$(cd "$root" && cargo metadata --format-version 1 --no-deps --locked |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

find_binary() { # find_binary [PATH]: the program, built if no path is given
  if [[ -n "${1:-}" ]]; then
    binary=$1
  else
    (cd "$root" && cargo build --locked)
    binary=$target/debug/cc-protobuf-examples
  fi
  export BINARY=$binary
}

find_worker() { # the Rust side, built
  worker=$(cd "$root" && cargo test --locked --test interop --no-run --message-format=json |
    python3 -c '
import json, sys
found = [json.loads(line) for line in sys.stdin if line.startswith("{")]
print([m["executable"] for m in found if m.get("executable") and m["target"]["name"] == "interop"][-1])')
  export WORKER=$worker
}
