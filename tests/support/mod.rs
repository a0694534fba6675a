//! Support for several test binaries.
#![allow(dead_code)]

pub mod http;
pub mod peers;
#[cfg(feature = "cli")]
pub mod program;
pub mod raw;
pub mod stub;
pub mod tls;
pub mod types;

/// Reads hexadecimal digits; white space between them does not count.
#[track_caller]
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).unwrap())
        .collect();
    let (pairs, rest) = digits.as_chunks();
    assert!(rest.is_empty(), "{text}");
    pairs.iter().map(|[a, b]| (a << 4 | b) as u8).collect()
}

/// An error with all its causes, as a user sees it.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}
