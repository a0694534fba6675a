//! Parses values in Protobuf's text format.

use super::{Fields, Value};
use crate::protobuf::text::literal::unescape;

/// Maximum nesting of braces and brackets: Protobuf's own recursion limit.
const MAX_DEPTH: usize = 100;

impl Fields {
    /// Parses the text between the braces. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text };
        let fields = parser.fields(None, 0)?;
        Ok(fields)
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    /// Skips white space and comments.
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let after = if self.rest.starts_with("//") || self.rest.starts_with('#') {
                self.rest.split_once('\n')
            } else if self.rest.starts_with("/*") {
                self.rest.split_once("*/")
            } else {
                return;
            };
            self.rest = after.map_or("", |(_, after)| after);
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.skip();
        self.rest.chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Consumes and returns the longest prefix of `accepted` characters.
    fn take(&mut self, accepted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !accepted(c)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        token
    }

    fn unexpected(&mut self, wanted: &str) -> String {
        match self.peek() {
            Some(found) => format!("expected {wanted} in option value, but found {found:?}"),
            None => format!("expected {wanted} in option value, but reached its end"),
        }
    }

    fn fields(&mut self, close: Option<char>, depth: usize) -> Result<Fields, String> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        let mut fields = Fields::default();
        loop {
            match (self.peek(), close) {
                (None, None) => return Ok(fields),
                (Some(c), Some(close)) if c == close => {
                    self.eat(close);
                    return Ok(fields);
                }
                (None, Some(close)) => return Err(self.unexpected(&format!("{close:?}"))),
                _ => {}
            }
            let name = self.name()?;
            let colon = self.eat(':');
            let value = match self.peek() {
                Some('{' | '<' | '[') => self.value(depth)?,
                Some(_) if colon => self.value(depth)?,
                _ => return Err(self.unexpected("':' or '{'")),
            };
            fields.push(name, value);
            if !self.eat(',') {
                self.eat(';');
            }
        }
    }

    fn name(&mut self) -> Result<String, String> {
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !self.eat('[') {
            let name = self.take(part);
            return match name.chars().next() {
                Some(first) if !first.is_ascii_digit() => Ok(name.to_owned()),
                _ => Err(self.unexpected("a field name")),
            };
        }
        let mut name = String::from("[");
        loop {
            self.skip();
            let token = self.take(|c| part(c) || c == '.' || c == '/' || c == '-');
            name.push_str(token);
            if self.eat(']') {
                name.push(']');
                return Ok(name);
            }
            if token.is_empty() {
                return Err(self.unexpected("']'"));
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        let depth = depth.saturating_add(1);
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        match self.peek() {
            Some('{') => {
                self.eat('{');
                Ok(Value::Message(self.fields(Some('}'), depth)?))
            }
            Some('<') => {
                self.eat('<');
                Ok(Value::Message(self.fields(Some('>'), depth)?))
            }
            Some('[') => {
                self.eat('[');
                let mut items = Vec::new();
                while !self.eat(']') {
                    if !items.is_empty() && !self.eat(',') {
                        return Err(self.unexpected("',' or ']'"));
                    }
                    items.push(self.value(depth)?);
                }
                Ok(Value::List(items))
            }
            Some('"' | '\'') => self.strings(),
            _ => self.scalar(),
        }
    }

    /// Parses adjacent string literals, which are one string.
    fn strings(&mut self) -> Result<Value, String> {
        let mut bytes = Vec::new();
        while let Some(quote @ ('"' | '\'')) = self.peek() {
            self.eat(quote);
            let mut escaped = false;
            let end = self.rest.find(|c| {
                let ends = c == quote && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let unterminated = || "unterminated string in option value".to_owned();
            let inside = end.and_then(|end| self.rest.split_at_checked(end));
            let (inside, rest) = inside.ok_or_else(unterminated)?;
            let inside = unescape(inside);
            bytes.extend(inside.ok_or_else(|| "invalid escape in option value".to_owned())?);
            self.rest = rest.strip_prefix(quote).unwrap_or(rest);
        }
        Ok(Value::String(bytes))
    }

    fn scalar(&mut self) -> Result<Value, String> {
        let sign = if self.eat('-') { "-" } else { "" };
        self.skip();
        let token = self.take(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        // The exponent's sign ends the token above.
        let hex = token.starts_with("0x") || token.starts_with("0X");
        let numeric = token.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        if numeric && !hex && token.ends_with(['e', 'E']) && self.rest.starts_with(['+', '-']) {
            let exponent_sign = self.take(|c| c == '+' || c == '-').to_owned();
            let digits = self.take(|c| c.is_ascii_digit());
            return number(sign, &format!("{token}{exponent_sign}{digits}"));
        }
        if numeric {
            return number(sign, token);
        }
        if token.is_empty() || token.contains('.') {
            return Err(self.unexpected("a value"));
        }
        Ok(Value::Scalar(format!("{sign}{token}")))
    }
}

fn number(sign: &str, token: &str) -> Result<Value, String> {
    let invalid = || format!("invalid number {token:?} in option value");
    let lower = token.to_ascii_lowercase();
    let integer = if let Some(hex) = lower.strip_prefix("0x") {
        Some(u64::from_str_radix(hex, 16).map_err(|_| invalid())?)
    } else if lower.len() > 1 && lower.starts_with('0') && lower.bytes().all(|b| b.is_ascii_digit())
    {
        Some(u64::from_str_radix(&lower, 8).map_err(|_| invalid())?)
    } else {
        lower.parse().ok()
    };
    if let Some(integer) = integer {
        return Ok(Value::Scalar(format!("{sign}{integer}")));
    }
    let float: f64 = lower.trim_end_matches('f').parse().map_err(|_| invalid())?;
    let float = if float.is_infinite() {
        "inf".to_owned()
    } else {
        format!("{float:?}")
    };
    Ok(Value::Scalar(format!("{sign}{float}")))
}

fn too_deep() -> String {
    format!("option value is nested more than {MAX_DEPTH} levels deep")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_one_spelling() {
        let cases = [
            ("", ""),
            ("a:1", "a: 1"),
            ("a : 0x10 , b : 017", "a: 16, b: 15"),
            ("a: -1; b: - 2.50", "a: -1, b: -2.5"),
            ("a: 1.5f b: 1e300 c: 2.e1", "a: 1.5, b: 1e300, c: 20.0"),
            (
                "a: inf b: -inf c: nan d: 1e999",
                "a: inf, b: -inf, c: nan, d: inf",
            ),
            ("a: 'x' \"y\"", "a: \"xy\""),
            (r#"a: "\xc3\xa9\n\"\0""#, r#"a: "é\n\"\000""#),
            (r#"a: "\xff""#, r#"a: "\377""#),
            ("m { k: 1 } n < k: 2 >", "m: {k: 1}, n: {k: 2}"),
            ("tags: 'A' x: 1 tags: 'B'", "tags: [\"A\", \"B\"], x: 1"),
            (
                "tags: ['A'] tags: ['B', 'C']",
                "tags: [\"A\", \"B\", \"C\"]",
            ),
            ("l: [] m: [{a: 1}, {}]", "l: [], m: [{a: 1}, {}]"),
            ("[a.b]: ENUM", "[a.b]: ENUM"),
            (
                "[ type.googleapis.com/a.B ] { x: 1 }",
                "[type.googleapis.com/a.B]: {x: 1}",
            ),
            ("a: 1 // one\n# two\n/* three */ b: 2", "a: 1, b: 2"),
        ];
        for (text, expected) in cases {
            let fields = Fields::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(fields.compact(), expected, "{text}");
            assert_eq!(Fields::parse(expected).as_ref(), Ok(&fields), "{expected}");
        }
    }

    #[test]
    fn malformed_values_are_refused() {
        for text in [
            "a", "a:", "a 1", "1: 2", "a: {", "a: [1", "a: [1 2]", "a: 'x", "[a", "a: }",
        ] {
            assert!(Fields::parse(text).is_err(), "{text}");
        }
        let deep = format!("{}{}", "a{".repeat(100_000), "}".repeat(100_000));
        assert!(Fields::parse(&deep).unwrap_err().contains("100 levels"));
        let deep = format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Fields::parse(&deep).unwrap_err().contains("100 levels"));
    }
}
