//! Reads the messages of `decode` one by one. Each is returned as soon as it is
//! complete, so that endless input works.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, IsTerminal, Read};
use std::path::Path;

use cc_protobuf_examples::wire_format;

use super::text::Encoding;
use crate::cli::DecodeArgs;
use crate::failure::Failure;
use crate::terminal::stderr;

/// Maximum size of a message or line in bytes.
const MOST: usize = 256 << 20;
/// Hint for input that does not have the format of `--length-prefixed`.
const LENGTHS: &str = "--length-prefixed expects a length of 4 bytes, big-endian, before each message, \
                       as `kcat -C -f '%R%s'` writes it";

/// How messages are separated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The whole input is one message.
    Whole,
    /// Each message is a line, or several full lines and a last one.
    Lines(Encoding),
    /// Each message follows its length, as kcat's `%R%s` writes them.
    Lengths,
}

/// The messages of an input; `None` is a tombstone. A bad message is returned as
/// an error. The input ends if the next message cannot be found after it.
pub struct Input {
    reader: Box<dyn BufRead>,
    name: String,
    form: Form,
    /// Whether empty input is a message in which every field has its default.
    empty_is_one: bool,
    offset: u64,
    /// A line that was read to check whether the message continues.
    ahead: Option<Vec<u8>>,
    over: bool,
}

impl Input {
    /// Opens the input that the arguments select.
    pub fn open(arguments: &DecodeArgs) -> Result<Self, Failure> {
        let given = match (&arguments.hex, &arguments.base64) {
            (Some(given), _) => Some((given.as_os_str(), Encoding::Hex)),
            (_, Some(given)) => Some((given.as_os_str(), Encoding::Base64)),
            _ => None,
        };
        let empty_is_one = arguments.header_guid.is_some();
        let mut input = match given {
            // Accept `--hex FILE` too.
            Some((file, _)) if file != "-" && Path::new(file).is_file() => {
                Self::read(Some(Path::new(file)))?
            }
            Some((text, encoding)) if text != "-" => {
                // Text that is not UTF-8 is not hex or base64 either.
                let text = text.to_str().unwrap_or("not UTF-8");
                let empty = empty_is_one && text.is_empty();
                let first = text.lines().next().unwrap_or_default();
                if !empty && encoding.parse(first).is_none() {
                    let name = encoding.name();
                    return Err(Failure::usage(format!(
                        "--{name}: the value is neither {name} text nor a file"
                    ))
                    .hint(format!(
                        "give {name} text, the name of a file with it, or `-` for stdin"
                    )));
                }
                Self::new(Cursor::new(text.to_owned()), "the text")
            }
            _ => Self::read(arguments.file.as_deref())?,
        };
        input.empty_is_one = empty_is_one;
        match given {
            Some((_, encoding)) => input.form = Form::Lines(encoding),
            None if arguments.length_prefixed => input.form = Form::Lengths,
            // A payload alone may begin with any byte.
            None if empty_is_one => {}
            None => input.guess_form()?,
        }
        Ok(input)
    }

    fn new(reader: impl BufRead + 'static, name: impl Into<String>) -> Self {
        Self {
            reader: Box::new(reader),
            name: name.into(),
            form: Form::Whole,
            empty_is_one: false,
            offset: 0,
            ahead: None,
            over: false,
        }
    }

    /// Opens a file, or stdin for `None` and `-`.
    fn read(file: Option<&Path>) -> Result<Self, Failure> {
        if let Some(path) = file.filter(|path| path.as_os_str() != "-") {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
            return Ok(Self::new(BufReader::new(file), name));
        }
        let stdin = io::stdin();
        if stdin.is_terminal() {
            // Tell users who expect help that the program waits for input.
            stderr::write("reading from the terminal; end with Ctrl-D");
        }
        Ok(Self::new(stdin.lock(), "stdin"))
    }

    /// Detects text by its first byte: a binary message begins with one of the
    /// two magic bytes, which are control characters.
    fn guess_form(&mut self) -> Result<(), Failure> {
        let start = self.reader.fill_buf();
        let start = start.map_err(|error| unreadable(&self.name, &error))?;
        if start.first().is_none_or(u8::is_ascii_control) {
            return Ok(());
        }
        let line = self.raw_line()?;
        let text = String::from_utf8_lossy(&line);
        let encoding = [Encoding::Hex, Encoding::Base64]
            .into_iter()
            .find(|encoding| encoding.parse(&text).is_some());
        if let Some(encoding) = encoding {
            self.form = Form::Lines(encoding);
        }
        let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(Cursor::new(line).chain(rest));
        Ok(())
    }

    /// Returns all bytes as one message.
    fn whole(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        self.over = true;
        let bytes = self.bytes(MOST + 1)?;
        if bytes.len() > MOST {
            return Err(self.too_long());
        }
        Ok((!bytes.is_empty()).then_some(bytes))
    }

    /// Returns the message on the next line. Tools break long texts into lines: a
    /// full line continues on the next one, unless a message begins there.
    fn lines(&mut self, encoding: Encoding) -> Result<Option<Vec<u8>>, Failure> {
        let mut line = loop {
            match self.line()? {
                None => return Ok(None),
                Some(line) if !line.is_empty() => break line,
                Some(_) => {}
            }
        };
        let parse = |line: &[u8]| encoding.parse(std::str::from_utf8(line).ok()?);
        let mut message = parse(&line)
            .ok_or_else(|| Failure::usage(format!("the line is not {}", encoding.name())))?;
        while encoding.is_full_line(&line) {
            let Some(next) = self.line()? else { break };
            let goes_on = parse(&next).filter(|bytes| wire_format::decode(bytes).is_err());
            let Some(bytes) = goes_on else {
                self.ahead = Some(next);
                break;
            };
            message.extend(bytes);
            line = next;
            if message.len() > MOST {
                self.over = true;
                return Err(self.too_long());
            }
        }
        Ok(Some(message))
    }

    /// Returns the message after the next length; the length −1 stands for null.
    fn lengths(&mut self) -> Result<Option<Option<Vec<u8>>>, Failure> {
        let start = self.offset;
        let prefix = self.bytes(4)?;
        if prefix.is_empty() {
            return Ok(None);
        }
        // After a failure, the start of the next message is unknown.
        self.over = true;
        let Some(length) = prefix.first_chunk::<4>() else {
            return Err(cut(start, prefix.len(), 4));
        };
        let length = i32::from_be_bytes(*length);
        let message = match usize::try_from(length) {
            Err(_) if length == -1 => None,
            Ok(length) if length <= MOST => {
                let message = self.bytes(length)?;
                if message.len() < length {
                    return Err(cut(start + 4, message.len(), length));
                }
                Some(message)
            }
            _ => {
                return Err(Failure::usage(format!(
                    "invalid message length {length} at offset {start}"
                ))
                .hint(LENGTHS));
            }
        };
        self.over = false;
        Ok(Some(message))
    }

    /// Reads `count` bytes, or all that are left.
    fn bytes(&mut self, count: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let read = (&mut self.reader)
            .take(count as u64)
            .read_to_end(&mut bytes);
        self.offset += bytes.len() as u64;
        match read {
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Reads the next line, trimmed.
    fn line(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(line) = self.ahead.take() {
            return Ok(Some(line));
        }
        let line = self.raw_line()?;
        Ok((!line.is_empty()).then(|| line.trim_ascii().to_vec()))
    }

    fn raw_line(&mut self) -> Result<Vec<u8>, Failure> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.reader).take(MOST as u64 + 1);
        match bounded.read_until(b'\n', &mut line) {
            Err(error) => Err(self.broken(&error)),
            Ok(length) if length > MOST => {
                self.over = true;
                Err(self.too_long())
            }
            Ok(_) => Ok(line),
        }
    }

    fn broken(&mut self, error: &io::Error) -> Failure {
        self.over = true;
        unreadable(&self.name, error)
    }

    fn too_long(&self) -> Failure {
        let (name, most) = (&self.name, MOST >> 20);
        Failure::usage(format!("{name} contains a message of more than {most} MiB"))
    }
}

impl Iterator for Input {
    type Item = Result<Option<Vec<u8>>, Failure>;

    /// Waits for the next message.
    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = match self.form {
            Form::Whole => self.whole().map(|message| message.map(Some)),
            Form::Lines(encoding) => self.lines(encoding).map(|message| message.map(Some)),
            Form::Lengths => self.lengths(),
        };
        let empty_is_one = std::mem::take(&mut self.empty_is_one) && self.form != Form::Lengths;
        if matches!(next, Ok(None)) {
            self.over = true;
            return empty_is_one.then(|| Ok(Some(Vec::new())));
        }
        next.transpose()
    }
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot read {name}: {error}"))
        .hint("give a readable file, `-` for stdin, or --hex with the text itself")
}

/// Returns the error for input that ends too early.
fn cut(start: u64, found: usize, wanted: usize) -> Failure {
    Failure::usage(format!(
        "the input ends inside the message: it has {found} of {wanted} bytes from offset {start}"
    ))
    .hint(LENGTHS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(bytes: &[u8], form: Form) -> Input {
        let mut input = Input::new(Cursor::new(bytes.to_vec()), "the test");
        input.form = form;
        input
    }

    #[test]
    fn length_prefixed_streams() {
        let stream = [0, 0, 0, 2, b'a', b'\n', 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        let messages: Vec<_> = input(&stream, Form::Lengths).map(Result::unwrap).collect();
        assert_eq!(messages, [Some(b"a\n".to_vec()), None, Some(vec![])]);
        for (cut, whole, offset) in [(1, 0, 0), (4, 0, 4), (5, 0, 4), (8, 1, 6)] {
            let mut input = input(&stream[..cut], Form::Lengths);
            assert_eq!(
                input.by_ref().take(whole).filter(Result::is_ok).count(),
                whole
            );
            let failure = input.next().unwrap().unwrap_err();
            let said = failure.message.contains(&format!("offset {offset}"));
            assert!(said, "{failure}");
            assert!(input.next().is_none());
        }
        let failure = input(&[0xff, 0xff, 0xff, 0xfe], Form::Lengths).next();
        let failure = failure.unwrap().unwrap_err();
        assert!(
            failure.message.contains("length -2 at offset 0"),
            "{failure}"
        );
    }

    #[test]
    fn lines_of_full_width_go_on_in_the_next_one() {
        let message: Vec<u8> = [&[0, 0, 0, 0, 2, 0][..], &[0x2a; 100]].concat();
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let wrapped = |text: &str, width: usize| {
            let lines = text.as_bytes().chunks(width);
            lines
                .map(|l| format!("{}\n", str::from_utf8(l).unwrap()))
                .collect::<String>()
        };
        use base64::Engine;
        let base64 = base64::engine::general_purpose::STANDARD.encode(&message);
        for (text, encoding) in [
            (wrapped(&hex(&message), 60), Encoding::Hex),
            (wrapped(&base64, 76), Encoding::Base64),
            (wrapped(&base64, 64), Encoding::Base64),
        ] {
            let twice = format!("{text}{text}");
            let found: Vec<_> = input(twice.as_bytes(), Form::Lines(encoding))
                .map(Result::unwrap)
                .collect();
            assert_eq!(
                found,
                [Some(message.clone()), Some(message.clone())],
                "{text}"
            );
        }
        // Two messages on a full line each, a line that is not hex, two more.
        let line = hex(&message[..30]);
        let text = format!("{line}\n{line}\nzz\n{line}\n\n2a\n");
        let found: Vec<_> = input(text.as_bytes(), Form::Lines(Encoding::Hex)).collect();
        let lengths: Vec<_> = found
            .iter()
            .map(|found| {
                found
                    .as_ref()
                    .ok()
                    .map(|bytes| bytes.as_ref().unwrap().len())
            })
            .collect();
        assert_eq!(lengths, [Some(30), Some(30), None, Some(30), Some(1)]);
    }
}
