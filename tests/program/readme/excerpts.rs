//! The README's excerpts are output of the program. A block
//!
//! ````text
//! <!-- output: ARGUMENTS | FIRST | LAST -->
//! ```text
//! ```
//! ````
//!
//! contains stdout of the binary with these arguments, from the first line that contains
//! FIRST to the next that contains LAST. The test compares the blocks, ignoring what
//! differs between runs; with `UPDATE_README=1` it rewrites them.

use super::files::readme_path;
use crate::support::program::Place;

const MARK: &str = "<!-- output: ";

struct Block {
    arguments: String,
    first: String,
    last: String,
    /// Byte range of the block's content in the README.
    range: std::ops::Range<usize>,
}

fn blocks(readme: &str) -> Vec<Block> {
    readme
        .match_indices(MARK)
        .map(|(at, _)| {
            let head = &readme[at + MARK.len()..];
            let end = head.find(" -->").expect("the marker ends");
            let parts: Vec<&str> = head[..end].split(" | ").collect();
            let [arguments, first, last] = parts[..] else {
                panic!("{}", &head[..end])
            };
            let fence = at + readme[at..].find("```text\n").expect("a fence follows") + 8;
            let close = fence + readme[fence..].find("```").expect("the fence closes");
            Block {
                arguments: arguments.into(),
                first: first.into(),
                last: last.into(),
                range: fence..close,
            }
        })
        .collect()
}

fn run(arguments: &str) -> String {
    let arguments: Vec<&str> = arguments.split(' ').collect();
    Place::new().run(&arguments).expect(0).stdout
}

fn excerpt(output: &str, block: &Block) -> String {
    let mut lines = output
        .lines()
        .skip_while(|line| !line.contains(&block.first))
        .peekable();
    assert!(
        lines.peek().is_some(),
        "no line with {:?} in:\n{output}",
        block.first
    );
    let mut text = String::new();
    let mut complete = false;
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
        if line.contains(&block.last) {
            complete = true;
            break;
        }
    }
    assert!(
        complete,
        "no line with {:?} after {:?} in:\n{output}",
        block.last, block.first
    );
    text
}

/// Blanks what differs between runs: ports, durations, and ciphertext with what
/// depends on it.
fn blank(text: &str) -> String {
    let mut blanked = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let digits = word.chars().any(|c| c.is_ascii_digit());
        let varies = word.contains("127.0.0.1:")
            || (digits && (word.trim_end().ends_with("ms") || word.trim_end().ends_with('s')))
            || word.trim().len() >= 20;
        blanked.push_str(if varies { "…" } else { word.trim_end() });
        blanked.push(if word.ends_with('\n') { '\n' } else { ' ' });
    }
    blanked
}

#[test]
fn excerpts_are_what_the_program_prints() {
    let path = readme_path();
    let mut readme = std::fs::read_to_string(&path).unwrap();
    let update = std::env::var_os("UPDATE_README").is_some();
    let blocks = blocks(&readme);
    assert!(!blocks.is_empty());
    // Backwards, so that earlier ranges stay valid.
    for block in blocks.iter().rev() {
        let fresh = excerpt(&run(&block.arguments), block);
        if update {
            readme.replace_range(block.range.clone(), &fresh);
        } else {
            let (old, new) = (blank(&readme[block.range.clone()]), blank(&fresh));
            assert_eq!(
                old, new,
                "{}: UPDATE_README=1 brings it up to date",
                block.arguments
            );
        }
    }
    if update {
        std::fs::write(&path, readme).unwrap();
    }
}

/// Byte ranges of the blocks that hold a whole file, each after `<!-- file: PATH -->`.
fn files(readme: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let marks = readme.match_indices("<!-- file: ");
    marks
        .map(|(at, mark)| {
            let (path, rest) = readme[at + mark.len()..].split_once(" -->\n```").unwrap();
            let (language, content) = rest.split_once('\n').unwrap();
            assert!(["rs", "toml"].contains(&language), "{path}: {language}");
            let start = readme.len() - content.len();
            let end = start + content.find("```").expect("the fence closes");
            (path.to_owned(), start..end)
        })
        .collect()
}

#[test]
fn files_that_the_readme_shows_are_those_of_the_repository() {
    let path = readme_path();
    let mut readme = std::fs::read_to_string(&path).unwrap();
    let update = std::env::var_os("UPDATE_README").is_some();
    let files = files(&readme);
    assert_eq!(files.len(), 3);
    for (file, range) in files.into_iter().rev() {
        let content = std::fs::read_to_string(path.with_file_name(&file)).unwrap();
        if update {
            readme.replace_range(range, &content);
        } else {
            assert_eq!(readme[range], content, "{file}: UPDATE_README=1 copies it");
        }
    }
    if update {
        std::fs::write(&path, readme).unwrap();
    }
}
