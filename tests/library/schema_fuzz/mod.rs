//! Canonical text of random schemas: accepted source is printed with the same meaning, and
//! the text parses to the same model.

mod generator;

use cc_protobuf_examples::protobuf::SchemaFile;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use self::generator::text;

/// Returns the sorted words, numbers and strings of a source, which ignores order and
/// punctuation.
fn words(source: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
        let end = match first {
            '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (word, after) = rest.split_at(end);
        if word.starts_with(is_word) || word.starts_with('"') {
            words.push(word);
        }
        rest = after;
    }
    words.sort_unstable();
    words
}

/// Checks a source; returns whether it was accepted.
fn check(source: &str) -> Result<bool, TestCaseError> {
    let Ok(file) = SchemaFile::from_text("f.proto", source) else {
        return Ok(false);
    };
    let read = |text: &str| {
        SchemaFile::from_text("f.proto", text)
            .map_err(|e| TestCaseError::fail(format!("{e}\n{source}\n{text}")))
    };
    let canonical = file.to_text();
    prop_assert_eq!(
        words(&canonical),
        words(source),
        "{}\n{}",
        source,
        canonical
    );
    let again = read(&canonical)?;
    prop_assert_eq!(&again.to_text(), &canonical, "{}", source);
    prop_assert_eq!(&again, &file, "{}\n{}", source, canonical);

    let without = file.without_extensions().to_text();
    prop_assert_eq!(&read(&without)?.to_text(), &without, "{}", source);

    let serialized = SchemaFile::from_base64("f.proto", &file.to_base64())
        .map_err(|e| TestCaseError::fail(format!("{e}\n{source}")))?;
    let (names, kept) = (file.messages(), serialized.messages());
    prop_assert_eq!(names, kept, "{}", source);
    let text = serialized.to_text();
    prop_assert_eq!(&read(&text)?.to_text(), &text, "{}", source);

    if let Ok(normalized) = file.normalize(&[]) {
        let text = normalized.to_text();
        let again = read(&text)?;
        prop_assert_eq!(&again.to_text(), &text, "{}", source);
        prop_assert_eq!(again.proto(), normalized.proto(), "{}", source);
        let twice = again.normalize(&[]).map(|twice| twice.to_text());
        prop_assert_eq!(twice.ok(), Some(text), "{}", source);
    }
    Ok(true)
}

/// Runs some hundred cases, or at night a share of `FUZZ_CASES=1000000`.
#[test]
fn fuzz_canonical_text_reads_back_to_the_same() {
    let cases = std::env::var("FUZZ_CASES").ok();
    let cases = cases
        .and_then(|cases| Some(cases.parse::<u32>().ok()?.div_ceil(4)))
        .unwrap_or(500);
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    });
    let accepted = std::cell::Cell::new(0_u32);
    let choices = prop::collection::vec(any::<u8>(), 0..400);
    runner
        .run(&choices, |choices| {
            let took = check(&text(&choices))?;
            accepted.set(accepted.get() + u32::from(took));
            Ok(())
        })
        .unwrap_or_else(|e| panic!("{e}"));
    // The test proves something only if enough generated texts parse.
    assert!(accepted.get() > cases / 3, "{} of {cases}", accepted.get());
}

#[test]
fn what_the_fuzz_test_found_stays_repaired() {
    let sources = [
        "message N { message Q { reserved 1; } message Q { reserved 2; reserved \"x\"; reserved 3; } }",
        "message N { enum E { reserved 5, 6; A = 0; } enum E { B = 0; } }",
        "message N { message Q { extensions 5, 6; } message Q { extensions 7; extensions 8 to 9; } }",
        "syntax = \"proto3\"; message M { map<string, int32> foo_bar = 1; map<bool, M> fooBar = 2; }",
        "syntax = \"proto3\"; message M { map<string, int32> a = 1; map<bool, M> a = 2; message AEntry {} AEntry b = 3; }",
        "syntax = \"proto3\"; message M { map<string, int32> a = 1; repeated AEntry b = 2; }",
        "message M { optional group G = 1 { reserved 1; } message G { reserved 2, 3; } optional group G = 2 { reserved 4; reserved 5; } }",
        "message M { message G { optional int32 a = 1; } oneof o { group G = 1 { optional int32 b = 1; } } repeated group G = 2 { optional int32 c = 1; } }",
        "message M {} message G {} extend M { optional group G = 1 { optional int32 a = 1; } } extend M { optional group G = 2 {} }",
        "message M { extensions 10 to 20; extend M { optional group G = 10 { reserved 1; } } optional group G = 1 { reserved 2; } }",
        "message M { oneof o { int32 a = 1; } oneof o { int32 b = 2; } optional int32 a = 3; }",
    ];
    for source in sources {
        assert!(check(source).unwrap(), "{source}");
    }
}
