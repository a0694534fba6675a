//! The command line: every flag and subcommand, without the code behind them.

use std::ffi::OsString;
use std::path::PathBuf;

use cc_protobuf_examples::embedded::registry::Origin;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

mod parse;

pub use parse::{parse, parse_from};

/// Examples, configuration and exit codes, shown below the flags of `--help`.
const EXAMPLES_OF_USE: &str = "\
Examples of use:
  cc-protobuf-examples list                         the ten examples
  cc-protobuf-examples help basic                   what one of them shows
  cc-protobuf-examples run basic                    run it; the same as --example basic
  cc-protobuf-examples run oneof null --mode full   two, with a round trip through Kafka
  cc-protobuf-examples run basic --use-protoc       precompiled instead of dynamic schemas
  cc-protobuf-examples run all -o json              all ten, one JSON document on stdout
  cc-protobuf-examples serve                        an embedded Schema Registry on 127.0.0.1:8081
  cc-protobuf-examples decode --hex 000000000100    what is in these bytes?
  cc-protobuf-examples doctor                       what is configured, and does it work?
  cc-protobuf-examples clean --run-id demo1         remove everything that a run created

Configuration (environment, or a .env file in this or a parent directory; the environment wins):
  SCHEMA_REGISTRY_URL  SR_API_KEY  SR_API_SECRET         Schema Registry
  BOOTSTRAP_SERVERS  KAFKA_API_KEY  KAFKA_API_SECRET     Kafka, for --mode full
  AWS_KMS_KEY_ARN or LOCAL_SECRET                        key encryption key of the csfle example
  `doctor -v` lists every name, its value and where it comes from. With nothing configured,
  everything runs on embedded stand-ins: no account, no network.

Exit codes:
  0 every expectation met         1 an expectation failed, or another refusal
  2 usage or configuration        3 a backend was not reached
  4 refused by a backend (401, 403, SASL, KMS)
  130 interrupted (Ctrl-C)        143 terminated (SIGTERM)";

/// Protobuf on Kafka with Confluent Schema Registry: ten examples that run.
///
/// Each example registers schemas, serializes, reads back and checks what it
/// claims, on your Schema Registry and Kafka or on embedded stand-ins.
#[derive(Parser, Debug)]
#[command(
    name = "cc-protobuf-examples",
    version,
    after_long_help = EXAMPLES_OF_USE,
    after_help = "Start with `run basic`. `--help` shows examples of use, the configuration and the exit codes.",
    max_term_width = 100,
    subcommand_help_heading = "Commands",
    disable_help_subcommand = true
)]
pub struct Cli {
    /// The command; none if the flags select examples.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Examples to run; several separated by commas
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "all",
        help_heading = "Running examples"
    )]
    example: Vec<Selection>,
    /// Flags of an example run without the word `run`.
    #[command(flatten)]
    run: RunArgs,
    /// Flags of every command.
    #[command(flatten)]
    pub common: CommonArgs,
}

impl Cli {
    /// Returns the arguments of the example run, unless a command is given.
    pub fn examples(&self) -> Option<&RunArgs> {
        match &self.command {
            None => Some(&self.run),
            Some(Command::Run(command)) => Some(&command.run),
            Some(_) => None,
        }
    }
}

/// Flags of an example run.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Running examples")]
pub struct RunArgs {
    /// Whether records go through Kafka or are only printed
    #[arg(long, value_enum, default_value_t = RunMode::SchemaOnly)]
    pub mode: RunMode,
    /// Examples to run, in this order.
    #[arg(skip)]
    pub examples: Vec<Selection>,
    /// Examples to skip; several separated by commas
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub skip: Vec<Selection>,
    /// Id appended to every topic, subject, group and KEK name [default: 8 random hex digits]
    ///
    /// Up to 64 letters, digits, `_` and `-`. A run with the id of an earlier run
    /// reuses its subjects and topics.
    #[arg(long, value_name = "ID")]
    pub run_id: Option<String>,
    /// Use the types compiled from schemas/ instead of schemas built at run time
    ///
    /// The .proto files were compiled into this program; no protoc is needed.
    #[arg(long)]
    pub use_protoc: bool,
    /// Write each example's .proto files below DIR, under their import paths
    ///
    /// An existing file with other content is never overwritten.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub save_schemas: Option<PathBuf>,
    /// Where the schema id of a value is stored
    #[arg(long, value_enum, default_value_t = SchemaIdArgument::Prefix)]
    pub schema_id_in: SchemaIdArgument,
    /// Change one value of an example; may be repeated
    ///
    /// Each example ends with a change to try. `--set encrypt.KEY=VALUE`
    /// overrides a parameter of the csfle example's encryption rule.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Remove the run's subjects, keys, groups and topics afterwards
    #[arg(long)]
    pub cleanup: bool,
    /// Log file of the run, `off` for none
    #[arg(long, value_name = "FILE", default_value = "cc-protobuf-examples.log")]
    pub log_file: PathBuf,
}

/// Flags of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Common flags")]
pub struct CommonArgs {
    /// Schema Registry URL, instead of SCHEMA_REGISTRY_URL; several separated by commas
    ///
    /// Credentials are read from the environment or .env only.
    #[arg(long, global = true, value_name = "URL")]
    pub schema_registry_url: Option<String>,
    /// Kafka brokers, instead of BOOTSTRAP_SERVERS
    #[arg(long, global = true, value_name = "HOST:PORT,…")]
    pub bootstrap_servers: Option<String>,
    /// Use the embedded stand-ins even if backends are configured
    #[arg(long, global = true)]
    pub embedded: bool,
    /// What to print on stdout
    #[arg(short, long, global = true, value_enum, default_value_t = OutputArg::Human)]
    pub output: OutputArg,
    /// Print more details on stderr; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print results only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// The commands.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Run examples by name
    ///
    /// The same as `--example NAME`. `list` shows the names; `all` is all ten.
    Run(RunCommand),
    /// List the examples
    List,
    /// Explain an example, or a command and its flags
    ///
    /// For an example: what it teaches, its steps, its subjects and topics, the
    /// values that `--set` changes, and its source file.
    Help {
        /// Example or command
        #[arg(value_parser = topics())]
        name: Option<String>,
    },
    /// Run the embedded Schema Registry until Ctrl-C or SIGTERM
    ///
    /// Any Confluent client can use it. Schemas are kept in memory until the
    /// process ends. With -v, each request is logged on one line.
    Serve(ServeArgs),
    /// Decode framed messages: show envelope, schema, and message as JSON
    ///
    /// Gets the schemas from the configured Schema Registry. Reads a file or
    /// stdin: one binary message, or hex or base64 text with one message per line.
    Decode(DecodeArgs),
    /// Check the configuration and every backend
    Doctor,
    /// Remove the subjects, keys, groups and topics of one run
    ///
    /// The names are computed from the run id; nothing is searched for. Tag PII
    /// and the KMS key are shared with other runs and are not removed.
    Clean(CleanArgs),
    /// Print the completion script for a shell
    ///
    /// The shell runs the script when it starts, and this program at each Tab.
    /// The program must be on PATH, where `cargo install --path . --locked`
    /// puts it. Add one line to a file of your shell:
    ///
    ///   bash, ~/.bashrc:
    ///     source <(cc-protobuf-examples completions bash)
    ///   zsh, ~/.zshrc, after compinit:
    ///     source <(cc-protobuf-examples completions zsh)
    ///   fish, ~/.config/fish/completions/cc-protobuf-examples.fish:
    ///     cc-protobuf-examples completions fish | source
    ///   PowerShell, $PROFILE:
    ///     cc-protobuf-examples completions powershell | Out-String | Invoke-Expression
    ///   elvish, ~/.config/elvish/rc.elv:
    ///     eval (cc-protobuf-examples completions elvish | slurp)
    #[command(verbatim_doc_comment)]
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program, or of a command (roff)
    Man {
        /// Command
        command: Option<String>,
    },
}

/// Names and flags of `run`.
#[derive(Args, Clone, Debug)]
pub struct RunCommand {
    /// Examples to run, in this order
    #[arg(value_enum, value_name = "NAME", required = true)]
    names: Vec<Selection>,
    /// Flags of the run.
    #[command(flatten)]
    run: RunArgs,
}

/// Flags of `serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8081")]
    pub listen: std::net::SocketAddr,
    /// Require SR_API_KEY and SR_API_SECRET (from the environment or .env) of clients
    #[arg(long)]
    pub basic_auth: bool,
    /// Also run an in-memory Kafka cluster of three brokers
    #[arg(long)]
    pub kafka: bool,
    /// Accept requests from web pages of this origin, such as http://localhost:3000 (repeatable)
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<Origin>,
    /// Unwrap keys of shared KEKs for every client, with LOCAL_SECRET or this shell's AWS credentials
    #[arg(long, value_name = "KMS", value_delimiter = ',')]
    pub kms: Vec<KmsAccess>,
}

/// A KMS that `serve` may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KmsAccess {
    /// local-kms, with LOCAL_SECRET
    Local,
    /// aws-kms, with the AWS credentials of the environment
    Aws,
}

/// Flags of `decode`.
#[derive(Args, Clone, Debug)]
pub struct DecodeArgs {
    /// File to read, `-` for stdin [default: stdin]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Read hex text: HEX itself if given, or else the file or stdin
    #[arg(long, value_name = "HEX", num_args = 0..=1, default_missing_value = "-", conflicts_with_all = ["base64", "length_prefixed"])]
    pub hex: Option<OsString>,
    /// Read base64 text: BASE64 itself if given, or else the file or stdin
    #[arg(long, value_name = "BASE64", num_args = 0..=1, default_missing_value = "-", conflicts_with = "length_prefixed")]
    pub base64: Option<OsString>,
    /// Read binary messages, each preceded by its length in 4 bytes, big-endian
    ///
    /// This is the format of `kcat -C -f '%R%s' …`, and the only one for several
    /// binary messages that may contain newlines.
    #[arg(long)]
    pub length_prefixed: bool,
    /// Value of the record header that carries the schema GUID or id, in hex
    ///
    /// Header `__value_schema_id` (or `__key_schema_id`); the input is then the
    /// payload alone. A GUID in text form is accepted too.
    #[arg(long, value_name = "HEX")]
    pub header_guid: Option<String>,
}

/// Flags of `clean`.
#[derive(Args, Clone, Debug)]
pub struct CleanArgs {
    /// Id of the run to clean up
    #[arg(long, value_name = "ID", required = true)]
    pub run_id: String,
    /// Only show what would be removed
    #[arg(long)]
    pub dry_run: bool,
}

/// `--mode`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunMode {
    /// Schema Registry only; records are printed, not sent
    SchemaOnly,
    /// Records are produced to Kafka and consumed from it
    Full,
}

/// `--example`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All ten, in order
    All,
    /// 1: serializer, deserializer, wire format
    Basic,
    /// 2: a referenced schema cannot be deleted
    Delete,
    /// 3: evolution under BACKWARD_TRANSITIVE
    Evolution,
    /// 4: several event types in one topic
    Oneof,
    /// 5: absent, present and default values
    Null,
    /// 6: the seven compatibility levels, tried out
    Compat,
    /// 7: typed, dynamic and JSON views of the same bytes
    Types,
    /// 8: subject and reference name strategies
    Strategies,
    /// 9: client-side field-level encryption
    Csfle,
    /// 10: schemas registered by hand only
    NoAutoRegister,
}

/// `--schema-id-in`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaIdArgument {
    /// In front of the value: magic byte, id, message index
    Prefix,
    /// In the record header __value_schema_id, as a GUID
    Header,
}

/// `--output`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputArg {
    /// Text for people
    Human,
    /// One JSON document
    Json,
}

/// All commands, in the order of [`Command`].
const COMMANDS: [&str; 9] = [
    "run",
    "list",
    "help",
    "serve",
    "decode",
    "doctor",
    "clean",
    "completions",
    "man",
];

/// Returns the names that `help` explains: examples and commands.
fn topics() -> PossibleValuesParser {
    let examples = Selection::value_variants()
        .iter()
        .filter(|selection| **selection != Selection::All)
        .filter_map(ValueEnum::to_possible_value);
    let commands = COMMANDS.into_iter().map(PossibleValue::new);
    examples.chain(commands).collect::<Vec<_>>().into()
}
