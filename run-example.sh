#!/usr/bin/env bash
# Signs in to AWS and provisions the KMS key if the example needs one, writes
# .env, and starts the release binary. `./run-example.sh --help` shows the flags.
set -euo pipefail

readonly EXIT_USAGE=85
readonly EXIT_REFUSED=4
readonly KMS_ALIAS=alias/confluent-csfle-kek
readonly KMS_PURPOSE=confluent-csfle-kek
readonly MODES="schema-only full"
# A host name, an IPv4 address, or an IPv6 address in brackets.
readonly HOST_PATTERN='([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])'
# The Confluent CLI prints endpoints with a protocol, which librdkafka accepts.
readonly PROTOCOL_PATTERN='((SASL_)?(SSL|PLAINTEXT)://)?'
readonly PORT_PATTERN='[0-9]{1,5}'
readonly URL_PATTERN="https?://$HOST_PATTERN(:$PORT_PATTERN)?(/[^][?#@,[:space:]]*)?"
readonly EXAMPLES="all basic delete evolution oneof null compat types strategies csfle no-auto-register"

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<'TEXT'
Usage: ./run-example.sh --mode=<schema-only|full> --example=<NAME>
         --schema-registry-url=<URL> --sr-api-key=<KEY> --sr-api-secret=<SECRET>
         [options] [-- <more arguments for the binary>]
       ./run-example.sh --embedded [options]

Required (unless --embedded):
  --mode                 schema-only, or full for a Kafka round trip
  --example              all, basic, delete, evolution, oneof, null, compat,
                         types, strategies, csfle or no-auto-register
  --schema-registry-url  Schema Registry endpoint
  --sr-api-key           Schema Registry API key
  --sr-api-secret        Schema Registry API secret, or "-"
Required with --mode=full (unless --embedded):
  --bootstrap-servers    Kafka bootstrap servers, host:port[,host:port...]
  --kafka-api-key        Kafka API key
  --kafka-api-secret     Kafka API secret, or "-"
Other users can see arguments in the list of processes. To avoid that, omit the
flags for keys and secrets and set SR_API_KEY, SR_API_SECRET, KAFKA_API_KEY and
KAFKA_API_SECRET; or give a secret as "-" to read it from a line of standard input
(the Schema Registry's first, then Kafka's).
Optional:
  --profile              AWS SSO profile for --example=csfle or all; without it
                         the AWS credentials of the environment are used
  --run-id               suffix of every topic and subject: 1 to 64 of A-Z a-z
                         0-9 _ - (default: 8 random hexadecimal characters)
  --save-schemas         directory for the .proto files
  --use-protoc           precompiled types instead of dynamic schemas
  --embedded             registry, Kafka and KMS inside the process; no account
  -h, --help             this text
Flags take their value after "=" or as the next argument. The binary runs in the
directory of this script, so relative paths are relative to that directory.
Exit codes: 85 for a missing or invalid flag, 4 if AWS refuses, otherwise the
binary's own.
TEXT
}

usage_error() {
  printf 'error: %s\n\n' "$1" >&2
  usage >&2
  exit "$EXIT_USAGE"
}

die() { # die CODE MESSAGE HINT
  printf 'error: %s\nhint: %s\n' "$2" "$3" >&2
  exit "$1"
}

note() { printf '%s\n' "$*" >&2; }

one_of() { # one_of VALUE WORDS
  local word
  for word in $2; do
    [[ "$1" == "$word" ]] && return 0
  done
  return 1
}

list_of() { # list_of VALUE PATTERN: one or more, separated by commas
  [[ "$1" =~ ^$2(,$2)*$ ]]
}

# --- Flags ------------------------------------------------------------------

mode="" example="" run_id="" save_schemas="" profile=""
registry_url="" sr_key="" sr_secret="" bootstrap="" kafka_key="" kafka_secret=""
use_protoc=false embedded=false
given=" "
more=()

while (($#)); do
  flag=${1%%=*}
  case "$flag" in
    -h | --help)
      usage
      exit 0
      ;;
    --)
      shift
      more=("$@")
      break
      ;;
    --use-protoc | --embedded)
      [[ "$1" == "$flag" ]] || usage_error "$flag takes no value"
      [[ "$flag" == --embedded ]] && embedded=true || use_protoc=true
      shift
      continue
      ;;
    --mode | --example | --schema-registry-url | --sr-api-key | --sr-api-secret | \
      --bootstrap-servers | --kafka-api-key | --kafka-api-secret | --profile | --run-id | --save-schemas)
      if [[ "$1" == *=* ]]; then
        value=${1#*=}
        shift
      else
        (($# > 1)) || usage_error "$flag needs a value"
        [[ "$2" != --* ]] || usage_error "$flag needs a value (for one that begins with -- write $flag=VALUE)"
        value=$2
        shift 2
      fi
      [[ -n "$value" ]] || usage_error "$flag needs a value that is not empty"
      [[ "$given" != *" $flag "* ]] || usage_error "$flag is given twice"
      given+="$flag "
      ;;
    *) usage_error "unknown argument '$flag'" ;;
  esac
  case "$flag" in
    --mode) mode=$value ;;
    --example) example=$value ;;
    --schema-registry-url) registry_url=$value ;;
    --sr-api-key) sr_key=$value ;;
    --sr-api-secret) sr_secret=$value ;;
    --bootstrap-servers) bootstrap=$value ;;
    --kafka-api-key) kafka_key=$value ;;
    --kafka-api-secret) kafka_secret=$value ;;
    --profile) profile=$value ;;
    --run-id) run_id=$value ;;
    --save-schemas) save_schemas=$value ;;
  esac
done

line_of_input() { # line_of_input FLAG: without echo where somebody types it
  local line
  [[ ! -t 0 ]] || printf '%s: ' "$1" >&2
  IFS= read -rs line || [[ -n "$line" ]] || usage_error "$1=- finds no line on standard input"
  [[ ! -t 0 ]] || printf '\n' >&2
  line=${line%$'\r'}
  [[ -n "$line" ]] || usage_error "$1=- finds an empty line on standard input"
  secret=$line
}

on_command_line=false
take_secret() { # take_secret FLAG VALUE VARIABLE: the secret is then in $secret
  secret=${2:-$3}
  if [[ "$2" == - ]]; then
    line_of_input "$1"
  elif [[ -n "$2" ]]; then
    on_command_line=true
  fi
}

if ! $embedded; then
  # Without a flag, the environment is used; Kafka's variables in full mode only.
  sr_key=${sr_key:-${SR_API_KEY:-}}
  take_secret --sr-api-secret "$sr_secret" "${SR_API_SECRET:-}"
  sr_secret=$secret
  in_full=""
  if [[ "$mode" == full ]]; then
    kafka_key=${kafka_key:-${KAFKA_API_KEY:-}}
    in_full=${KAFKA_API_SECRET:-}
  fi
  take_secret --kafka-api-secret "$kafka_secret" "$in_full"
  kafka_secret=$secret
fi

require() { # require FLAG VALUE WHY
  [[ -n "$2" ]] || usage_error "missing flag $1${3:+ ($3)}"
}

if ! $embedded; then
  require --mode "$mode"
  require --example "$example"
fi
[[ -z "$mode" ]] || one_of "$mode" "$MODES" || usage_error "invalid --mode '$mode': choose one of $MODES"
[[ -z "$example" ]] || one_of "$example" "$EXAMPLES" ||
  usage_error "invalid --example '$example': choose one of $EXAMPLES"
[[ -z "$run_id" || "$run_id" =~ ^[A-Za-z0-9_-]{1,64}$ ]] ||
  usage_error "invalid --run-id '$run_id': use 1 to 64 of A-Z a-z 0-9 _ -"
if ! $embedded; then
  require --schema-registry-url "$registry_url"
  list_of "$registry_url" "$URL_PATTERN" ||
    usage_error "invalid --schema-registry-url: expected http(s)://HOST[:PORT][/PATH], without credentials in it"
  require --sr-api-key "$sr_key"
  require --sr-api-secret "$sr_secret"
  if [[ "$mode" == full ]]; then
    require --bootstrap-servers "$bootstrap" "--mode=full needs it"
    require --kafka-api-key "$kafka_key" "--mode=full needs it"
    require --kafka-api-secret "$kafka_secret" "--mode=full needs it"
  fi
  [[ -z "$bootstrap" ]] || list_of "$bootstrap" "$PROTOCOL_PATTERN$HOST_PATTERN:$PORT_PATTERN" ||
    usage_error "invalid --bootstrap-servers: expected HOST:PORT, several separated by commas, without spaces"
fi
[[ ! -e "$save_schemas" || -d "$save_schemas" ]] ||
  usage_error "invalid --save-schemas '$save_schemas': it exists and is no directory"

[[ -z "$save_schemas" || "$save_schemas" == /* ]] || save_schemas=$PWD/$save_schemas

command -v cargo >/dev/null || die 1 "cargo is not on PATH" "install Rust from your package manager or with rustup"

# --- AWS --------------------------------------------------------------------

have_environment_credentials() {
  [[ -n "${AWS_ACCESS_KEY_ID:-}" && -n "${AWS_SECRET_ACCESS_KEY:-}" ]] ||
    [[ -n "${AWS_WEB_IDENTITY_TOKEN_FILE:-}" ]] ||
    [[ -n "${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI:-}${AWS_CONTAINER_CREDENTIALS_FULL_URI:-}" ]] ||
    [[ -n "${AWS_PROFILE:-}" ]]
}

needs_kms=false
if ! $embedded && [[ "$example" == csfle || "$example" == all ]]; then
  needs_kms=true
  if [[ -z "$profile" ]] && ! have_environment_credentials; then
    if [[ -n "${LOCAL_SECRET:-}" ]]; then
      note "No AWS profile or credentials: LOCAL_SECRET is set, so field encryption uses local-kms."
      needs_kms=false
    else
      usage_error "missing flag --profile (--example=$example encrypts with AWS KMS, and the environment holds no AWS credentials)"
    fi
  fi
fi

if $on_command_line; then
  note "Other users can see the secret in the list of processes; better set SR_API_SECRET or KAFKA_API_SECRET, or give it as \"-\"."
fi

# Build before creating a key, so that a failed build costs nothing.
note "Building the release binary (some minutes the first time) ..."
# The build needs no secrets.
(cd "$here" && unset SR_API_SECRET KAFKA_API_SECRET LOCAL_SECRET && cargo build --release --locked) ||
  die 1 "the release binary cannot be built" "see above for the first error; README 1.3 lists what a build needs"

# Reads credentials from lines `[export ]NAME=value` on standard input, without
# passing them to eval.
adopt_credentials() {
  local line key=""
  unset AWS_SESSION_TOKEN
  while IFS= read -r line; do
    line=${line#export }
    case "$line" in
      AWS_ACCESS_KEY_ID=*) key=1 AWS_ACCESS_KEY_ID=$(unquote "${line#*=}") ;;
      AWS_SECRET_ACCESS_KEY=*) AWS_SECRET_ACCESS_KEY=$(unquote "${line#*=}") ;;
      AWS_SESSION_TOKEN=*)
        AWS_SESSION_TOKEN=$(unquote "${line#*=}")
        export AWS_SESSION_TOKEN
        ;;
    esac
  done
  [[ -n "$key" ]] || return 1
  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
}

unquote() {
  local value=$1
  case "$value" in
    \"*\") value=${value#\"} value=${value%\"} ;;
    \'*\') value=${value#\'} value=${value%\'} ;;
  esac
  printf '%s' "$value"
}

sign_in() {
  local credentials region
  note "Signing in to AWS with profile $profile ..."
  aws sso login --profile "$profile" >&2 ||
    die "$EXIT_REFUSED" "aws sso login failed for profile '$profile'" "check the profile with: aws configure list --profile $profile"
  if credentials=$(aws configure export-credentials --profile "$profile" --format env-no-export 2>/dev/null); then
    :
  elif command -v aws2-wrap >/dev/null; then
    credentials=$(aws2-wrap --profile "$profile" --export) ||
      die "$EXIT_REFUSED" "aws2-wrap cannot read the credentials of profile '$profile'" "sign in again with: aws sso login --profile $profile"
  else
    die "$EXIT_REFUSED" "cannot export the credentials of profile '$profile'" \
      "use an AWS CLI that has 'aws configure export-credentials' (2.9 or later), or install aws2-wrap"
  fi
  adopt_credentials <<<"$credentials" ||
    die "$EXIT_REFUSED" "the AWS CLI returned no credentials for profile '$profile'" "sign in again with: aws sso login --profile $profile"
  region=$(aws configure get region --profile "$profile" || true)
  # Without a region in the profile, keep the one in the environment.
  export AWS_REGION=${region:-${AWS_REGION:-${AWS_DEFAULT_REGION:-}}}
  # Use the credentials from now on, not an exported profile.
  unset AWS_PROFILE AWS_DEFAULT_PROFILE
}

# The key that this run created, to delete it after a failure.
made_key=""
provisioned=false

undo_provisioning() {
  local code=$?
  rm -f "$aws_errors"
  if [[ -z "$made_key" ]] || $provisioned; then
    return "$code"
  fi
  note "Provisioning failed: scheduling the new key $made_key for deletion."
  aws kms schedule-key-deletion --key-id "$made_key" --pending-window-in-days 7 --region "$AWS_REGION" >/dev/null 2>&1 ||
    note "That failed too. Remove it with: aws kms schedule-key-deletion --key-id $made_key --pending-window-in-days 7 --region $AWS_REGION"
  return "$code"
}

# File with the last standard error of the AWS CLI, apart from its output.
aws_errors=""

kms() { # kms STEP ARGUMENT...: one call, with an error that says which step
  local step=$1
  shift
  aws kms "$@" --region "$AWS_REGION" 2>"$aws_errors" ||
    die "$EXIT_REFUSED" "cannot $step: $(tr -s '\n' ' ' <"$aws_errors")" "the identity needs KMS administration rights in $AWS_REGION"
}

key_policy() { # key_policy ACCOUNT CALLER
  local partition=${2#arn:}
  partition=${partition%%:*}
  cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AccountAdministersTheKey",
      "Effect": "Allow",
      "Principal": {"AWS": "arn:$partition:iam::$1:root"},
      "Action": "kms:*",
      "Resource": "*"
    },
    {
      "Sid": "CallerUsesTheKey",
      "Effect": "Allow",
      "Principal": {"AWS": "$2"},
      "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
      "Resource": "*"
    }
  ]
}
JSON
}

provision_key() {
  local identity account caller found state owner alias_exists=false
  AWS_REGION=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
  [[ -n "$AWS_REGION" ]] || die 1 "no AWS region" "set AWS_REGION, or a region in the profile"
  export AWS_REGION
  identity=$(aws sts get-caller-identity --region "$AWS_REGION" --query '[Account,Arn]' --output text) ||
    die "$EXIT_REFUSED" "AWS does not accept the credentials" "sign in again, or export valid AWS credentials"
  IFS=$'\t' read -r account caller <<<"$identity"

  if found=$(aws kms describe-key --key-id "$KMS_ALIAS" --region "$AWS_REGION" --query 'KeyMetadata.[Arn,KeyState]' --output text 2>"$aws_errors"); then
    alias_exists=true
    IFS=$'\t' read -r kms_arn state <<<"$found"
    owner=$(kms "read the tags of $kms_arn" list-resource-tags --key-id "$kms_arn" \
      --query "Tags[?TagKey=='Purpose'].TagValue" --output text)
    if [[ "$owner" != "$KMS_PURPOSE" ]]; then
      die 1 "$KMS_ALIAS names the key $kms_arn, which is not tagged Purpose=$KMS_PURPOSE" \
        "tag that key if it is meant for this, or remove the alias with: aws kms delete-alias --alias-name $KMS_ALIAS --region $AWS_REGION"
    fi
    if [[ "$state" == Enabled ]]; then
      note "Re-using the KMS key behind $KMS_ALIAS: $kms_arn"
      return
    fi
    note "The key behind $KMS_ALIAS is $state; creating a new one."
  elif ! grep -q NotFoundException "$aws_errors"; then
    die "$EXIT_REFUSED" "cannot look up $KMS_ALIAS: $(tr -s '\n' ' ' <"$aws_errors")" "the identity needs kms:DescribeKey in $AWS_REGION"
  fi

  made_key=$(kms "create the KMS key" create-key \
    --description "KEK (key encryption key) for Confluent CSFLE examples" \
    --policy "$(key_policy "$account" "$caller")" \
    --tags "TagKey=Purpose,TagValue=$KMS_PURPOSE" \
    --query KeyMetadata.KeyId --output text)
  kms_arn=$(kms "read the ARN of $made_key" describe-key --key-id "$made_key" --query KeyMetadata.Arn --output text)
  kms "switch on rotation of $made_key" enable-key-rotation --key-id "$made_key" >/dev/null
  # Last, so that the alias never refers to a key that a failure has deleted.
  if $alias_exists; then
    kms "point $KMS_ALIAS at $made_key" update-alias --alias-name "$KMS_ALIAS" --target-key-id "$made_key" >/dev/null
  else
    kms "create $KMS_ALIAS" create-alias --alias-name "$KMS_ALIAS" --target-key-id "$made_key" >/dev/null
  fi
  provisioned=true
  note "Created the KMS key $kms_arn (rotation on, $KMS_ALIAS). It is billed until you delete it:"
  note "  aws kms schedule-key-deletion --key-id $made_key --pending-window-in-days 7 --region $AWS_REGION"
}

kms_arn=""
if $needs_kms; then
  command -v aws >/dev/null || die 1 "the AWS CLI is not on PATH" "install it; --example=$example needs a KMS key"
  aws_errors=$(mktemp)
  trap undo_provisioning EXIT
  [[ -z "$profile" ]] || sign_in
  provision_key
  rm -f "$aws_errors"
fi

# --- .env -------------------------------------------------------------------

# Quotes a value so that the program and a shell that sources the file read the
# same, and the shell executes nothing. Ordinary values are in double quotes, as
# usual in dotenv files; others in single quotes, in which nothing has a special
# meaning, except characters that confuse dotenv parsers there: those are in double
# quotes in between. A line break becomes \n, to keep the value on one line. The
# program reads it as a line break, a shell as two characters.
quoted() {
  local value=$1 quote="'" backslash=\\ out="" char
  if [[ "$value" != *[\'\"\$\`\\$'\n']* ]]; then
    printf '"%s"' "$value"
    return
  fi
  while [[ -n "$value" ]]; do
    char=${value:0:1} value=${value:1}
    case "$char" in
      "$quote") out+="'\"'\"'" ;;
      "$backslash") out+="'\"\\\\\"'" ;;
      $'\n') out+="'\"\\n\"'" ;;
      *) out+=$char ;;
    esac
  done
  printf "'%s'" "$out"
}

readonly ENV_MARK="# Written by run-example.sh; an .env of your own is kept as .env.bak."

# Succeeds if FILE has only lines that this script writes, so that it can be
# overwritten. A file with any other line belongs to the user.
is_ours() { # is_ours FILE
  local first
  IFS= read -r first <"$1" || return 1
  [[ "$first" == "$ENV_MARK" ]] || return 1
  ! grep -qvE '^#|^(BOOTSTRAP_SERVERS|KAFKA_API_KEY|KAFKA_API_SECRET|SCHEMA_REGISTRY_URL|SR_API_KEY|SR_API_SECRET|AWS_KMS_KEY_ARN)=' "$1"
}

# Copies FILE to a backup name that is new or has the same content.
keep() { # keep FILE
  local backup=$1.bak number=0
  while [[ -e "$backup" ]] && ! cmp -s "$1" "$backup"; do
    number=$((number + 1))
    backup=$1.bak.$number
  done
  install -m 600 "$1" "$backup"
  note "Kept the previous .env as ${backup##*/}."
}

write_env() {
  local target=$here/.env new
  umask 077
  new=$(mktemp "$here/.env.XXXXXX")
  {
    printf '%s\n' "$ENV_MARK"
    printf '# Kafka cluster\n'
    printf 'BOOTSTRAP_SERVERS=%s\n' "$(quoted "$bootstrap")"
    printf 'KAFKA_API_KEY=%s\n' "$(quoted "$kafka_key")"
    printf 'KAFKA_API_SECRET=%s\n' "$(quoted "$kafka_secret")"
    printf '# Schema Registry\n'
    printf 'SCHEMA_REGISTRY_URL=%s\n' "$(quoted "$registry_url")"
    printf 'SR_API_KEY=%s\n' "$(quoted "$sr_key")"
    printf 'SR_API_SECRET=%s\n' "$(quoted "$sr_secret")"
    printf '# AWS KMS\n'
    printf 'AWS_KMS_KEY_ARN=%s\n' "$(quoted "$kms_arn")"
  } >"$new"
  chmod 600 "$new"
  if [[ -f "$target" ]] && ! is_ours "$target"; then
    keep "$target"
  fi
  mv -f "$new" "$target"
}

# --- Run --------------------------------------------------------------------

arguments=()
[[ -z "$mode" ]] || arguments+=("--mode=$mode")
[[ -z "$example" ]] || arguments+=("--example=$example")
[[ -z "$run_id" ]] || arguments+=("--run-id=$run_id")
[[ -z "$save_schemas" ]] || arguments+=("--save-schemas=$save_schemas")
! $use_protoc || arguments+=(--use-protoc)
! $embedded || arguments+=(--embedded)
arguments+=(${more[@]+"${more[@]}"})

if ! $embedded; then
  write_env
  # Export what was just written, so that no older exported variable overrides
  # it. Arguments would show secrets in the list of processes.
  export BOOTSTRAP_SERVERS=$bootstrap KAFKA_API_KEY=$kafka_key KAFKA_API_SECRET=$kafka_secret
  export SCHEMA_REGISTRY_URL=$registry_url SR_API_KEY=$sr_key SR_API_SECRET=$sr_secret
  export AWS_KMS_KEY_ARN=$kms_arn
fi

# Change the directory, because the program reads .env from its directory upward:
# a .env in the caller's directory must not set variables that are empty here.
cd "$here"
exec cargo run --release --locked --quiet -- "${arguments[@]}"
