//! `decode`: what is in framed messages.

use std::io::{Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::ReflectMessage;
use serde_json::{Value, json};

use cc_protobuf_examples::protobuf::{JsonOptions, to_json};
use cc_protobuf_examples::serdes::{Deserializer, DeserializerOptions, ReadContext};
use cc_protobuf_examples::wire_format::{
    Envelope, MAGIC_GUID, SchemaGuid, SchemaRef, VALUE_SCHEMA_ID_HEADER,
};

use crate::backends;
use crate::cli::DecodeArgs;
use crate::console::{
    Console, DIM, Output, TITLE, annotate, annotate_payload, hex, parts_to_json, parts_to_lines,
};
use crate::failure::{Exit, Failure};
use crate::settings::{Settings, names};

/// Most bytes that are read from a file or stdin.
const MAX_INPUT: u64 = 256 << 20;
/// Lines of hex shown per part of a message.
const HEX_LINES: usize = 8;

/// Decodes messages with the schemas of the configured registry.
pub async fn decode(
    arguments: &DecodeArgs,
    settings: &Settings,
    console: &Console,
) -> Result<Exit, Failure> {
    let registry = settings.registry.as_ref().ok_or_else(|| {
        Failure::usage("decode needs a Schema Registry to ask for schemas").hint(format!(
            "set {}, or give --schema-registry-url",
            names::SCHEMA_REGISTRY_URL.key
        ))
    })?;
    let header = arguments
        .header_guid
        .as_deref()
        .map(header_value)
        .transpose()?;
    let client = backends::client(registry)?;
    let deserializer = Deserializer::new(client, DeserializerOptions::new())?;
    let messages = messages(arguments)?;
    if messages.is_empty() {
        return Err(Failure::usage("there is no message in the input")
            .hint("`decode --help` shows the forms of input"));
    }
    let mut exits = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let shown = match message {
            Ok(Some(bytes)) => one(index, bytes, header.as_deref(), &deserializer, console).await,
            Ok(None) => {
                tombstone(index, console);
                Ok(())
            }
            Err(failure) => Err(failure.clone()),
        };
        if let Err(failure) = shown {
            let failure = match messages.len() {
                1 => failure,
                _ => failure.context(format!("message {}", index + 1)),
            };
            failure.print();
            exits.push(failure.exit);
        }
        if console.is_closed() {
            break;
        }
    }
    Ok(Exit::of_all(exits))
}

/// Shows one message.
async fn one(
    index: usize,
    bytes: &[u8],
    header: Option<&[u8]>,
    deserializer: &Deserializer,
    console: &Console,
) -> Result<(), Failure> {
    let headers: Vec<(String, Option<Vec<u8>>)> = header
        .map(|value| (VALUE_SCHEMA_ID_HEADER.to_owned(), Some(value.to_vec())))
        .into_iter()
        .collect();
    // No topic is known; only reader-side subject strategies would want one.
    let context = ReadContext::value("").headers(&headers);
    let found = deserializer.inspect(context, bytes).await?;
    let descriptor = found.message.descriptor();
    let payload = bytes.get(found.payload.clone()).unwrap_or_default();
    let envelope = Envelope {
        schema: found.schema,
        indexes: found.indexes.clone(),
        payload,
    };
    let parts = match header {
        None => annotate(bytes, &envelope, Some(&descriptor)),
        Some(_) => annotate_payload(payload, 0, Some(&descriptor)),
    };
    let message = to_json(&found.message, JsonOptions::default())?;
    match console.output() {
        Output::Json => {
            let (schema_id, schema_guid) = match envelope.schema {
                SchemaRef::Id(id) => (Some(id.0), None),
                SchemaRef::Guid(guid) => (None, Some(guid.to_string())),
            };
            let document = json!({
                "index": index,
                "schema_id": schema_id,
                "schema_guid": schema_guid,
                "message_indexes": envelope.indexes.as_slice(),
                "type": descriptor.full_name(),
                "payload_length": payload.len(),
                "hex": hex(bytes, ""),
                "parts": parts_to_json(&parts),
                "message": message,
            });
            console.data(&document.to_string());
        }
        Output::Human => {
            console.result(&format!(
                "{TITLE}message {}: {}{TITLE:#} {DIM}(schema {}, {} bytes){DIM:#}",
                index + 1,
                descriptor.full_name(),
                envelope.schema,
                bytes.len(),
            ));
            for line in parts_to_lines(&parts, 2, HEX_LINES) {
                console.line(&line);
            }
            for line in serde_json::to_string_pretty(&message)?.lines() {
                console.result(line);
            }
        }
    }
    Ok(())
}

fn tombstone(index: usize, console: &Console) {
    match console.output() {
        Output::Json => console.data(&json!({"index": index, "message": Value::Null}).to_string()),
        Output::Human => console.result(&format!("message {}: null (a tombstone)", index + 1)),
    }
}

/// The header's value: as it travels (magic byte, GUID, message indexes), or
/// made from a bare GUID, which stands for the first message.
fn header_value(text: &str) -> Result<Vec<u8>, Failure> {
    if let Ok(guid) = text.parse::<SchemaGuid>() {
        let mut value = vec![MAGIC_GUID];
        value.extend(guid.0);
        value.push(0);
        return Ok(value);
    }
    match from_hex(text) {
        Some(mut value) if value.len() == 17 && value.first() == Some(&MAGIC_GUID) => {
            value.push(0);
            Ok(value)
        }
        Some(value) if value.len() > 17 => Ok(value),
        Some(value) if value.len() == 16 => {
            Ok([&[MAGIC_GUID], value.as_slice(), &[0]].concat())
        }
        _ => Err(Failure::usage("--header-guid is neither a GUID nor a header value in hex").hint(
            "give the 32 hex digits of the GUID, or the header's bytes, 01 first, as `kcat -f '%h'` shows them",
        )),
    }
}

/// The messages of the input, or what is wrong with each. None is a tombstone.
type Messages = Vec<Result<Option<Vec<u8>>, Failure>>;

fn messages(arguments: &DecodeArgs) -> Result<Messages, Failure> {
    type Parse = fn(&str) -> Option<Vec<u8>>;
    let text = match (&arguments.hex, &arguments.base64) {
        (Some(text), _) => Some((text.as_str(), from_hex as Parse, "hex")),
        (_, Some(text)) => Some((text.as_str(), from_base64 as Parse, "base64")),
        _ => None,
    };
    if let Some((given, parse, encoding)) = text {
        let file = arguments.file.as_deref();
        // `--hex FILE` reads well, too, when FILE is no hex.
        let lines = if given == "-" {
            read(file)?
        } else if let Some(bytes) = parse(given).filter(|_| !Path::new(given).is_file()) {
            return Ok(vec![Ok(Some(bytes))]);
        } else if Path::new(given).is_file() {
            read(Some(Path::new(given)))?
        } else {
            return Err(
                Failure::usage(format!("--{encoding}: neither {encoding} nor a file")).hint(
                    format!("give the {encoding} text itself, a file of it, or `-` for stdin"),
                ),
            );
        };
        return Ok(of_lines(&lines, parse, encoding));
    }
    let bytes = read(arguments.file.as_deref())?;
    if arguments.length_prefixed {
        return of_lengths(&bytes);
    }
    // Text is told from a binary message by its first byte: both magic bytes are
    // control characters.
    let looks_like_text = arguments.header_guid.is_none()
        && bytes.first().is_some_and(|byte| !byte.is_ascii_control());
    if looks_like_text {
        let first = bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let first = String::from_utf8_lossy(first);
        if from_hex(first.trim()).is_some() {
            return Ok(of_lines(&bytes, from_hex, "hex"));
        }
        if from_base64(first.trim()).is_some() {
            return Ok(of_lines(&bytes, from_base64, "base64"));
        }
    }
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Ok(Some(bytes))])
}

fn of_lines(text: &[u8], parse: fn(&str) -> Option<Vec<u8>>, encoding: &str) -> Messages {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let bytes = std::str::from_utf8(line).ok().and_then(parse);
            bytes
                .map(Some)
                .ok_or_else(|| Failure::usage(format!("this line is not {encoding}")))
        })
        .collect()
}

/// Messages behind their lengths, as kcat's `%R%s` writes them; −1 is null.
fn of_lengths(mut bytes: &[u8]) -> Result<Messages, Failure> {
    let mut messages = Messages::new();
    while !bytes.is_empty() {
        let cut = || {
            Failure::usage(format!(
                "the input ends inside message {}",
                messages.len() + 1
            ))
            .hint("--length-prefixed wants 4 bytes of length, big-endian, before each message")
        };
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
        match i32::from_be_bytes(*length) {
            -1 => {
                messages.push(Ok(None));
                bytes = rest;
            }
            length => {
                let length = usize::try_from(length).map_err(|_| cut())?;
                let (message, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
                messages.push(Ok(Some(message.to_vec())));
                bytes = rest;
            }
        }
    }
    Ok(messages)
}

/// Reads a file, or stdin for none and `-`.
fn read(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let (name, result) = match file.filter(|path| path.as_os_str() != "-") {
        Some(path) => {
            let file = std::fs::File::open(path);
            let result = file.and_then(|file| file.take(MAX_INPUT + 1).read_to_end(&mut bytes));
            (path.display().to_string(), result)
        }
        None => {
            let stdin = std::io::stdin();
            if std::io::IsTerminal::is_terminal(&stdin) {
                // Somebody who typed the bare command would wait for nothing.
                let _ = writeln!(
                    std::io::stderr(),
                    "reading from the terminal; end with Ctrl-D"
                );
            }
            let result = stdin.lock().take(MAX_INPUT + 1).read_to_end(&mut bytes);
            ("stdin".to_owned(), result)
        }
    };
    match result {
        Err(error) => Err(Failure::usage(format!("cannot read {name}: {error}"))
            .hint("give a file that can be read, `-` for stdin, or --hex with the text itself")),
        Ok(_) if bytes.len() as u64 > MAX_INPUT => Err(Failure::usage(format!(
            "{name} holds more than {} MiB",
            MAX_INPUT >> 20
        ))),
        Ok(_) => Ok(bytes),
    }
}

/// Hex digits, spaces and colons between them allowed, `0x` in front too.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let text = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("\\x"))
        .unwrap_or(text);
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b' ' | b':' | b'\t'))
        .map(|byte| {
            char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    let (pairs, odd) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    (odd.is_empty() && !pairs.is_empty()).then_some(bytes)
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD
        .decode(text.trim())
        .ok()
        .filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_in_the_forms_that_tools_print() {
        for text in ["000102ff", "00 01 02 FF", "0x000102ff", "00:01:02:ff"] {
            assert_eq!(from_hex(text).unwrap(), [0, 1, 2, 255], "{text}");
        }
        for text in ["", "0", "0g", "00 0", "ü1"] {
            assert!(from_hex(text).is_none(), "{text}");
        }
    }

    #[test]
    fn length_prefixed_streams() {
        let stream = [0, 0, 0, 2, b'a', b'\n', 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        let messages: Vec<_> = of_lengths(&stream)
            .unwrap()
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(messages, [Some(b"a\n".to_vec()), None, Some(vec![])]);
        for cut in [1, 4, 5] {
            assert!(of_lengths(&stream[..cut]).is_err());
        }
        assert!(of_lengths(&[0xff, 0xff, 0xff, 0xfe]).is_err());
    }

    #[test]
    fn header_values() {
        let guid = "58c404f7-f0ec-4ab2-8d4f-7dc18b9d1b3e";
        let bare = guid.replace('-', "");
        let expected = header_value(guid).unwrap();
        assert_eq!(expected.len(), 18);
        assert_eq!(header_value(&bare).unwrap(), expected);
        assert_eq!(header_value(&format!("01{bare}")).unwrap(), expected);
        assert_eq!(header_value(&format!("01{bare}0202")).unwrap().len(), 19);
        assert!(header_value("hello").is_err());
    }
}
