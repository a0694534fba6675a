//! Tables that fit the width of a terminal.

use serde_json::{Value, json};

use super::{TITLE, snake_case};
use crate::terminal::layout::{columns, longest_piece, padded, wrap};

/// Words up to this many columns are not broken, unless the terminal is narrower.
const WORD: usize = 32;
/// Spaces between two columns.
const GAP: usize = 2;

/// A table with a heading line.
#[derive(Clone, Debug)]
pub struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Creates an empty table.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self::with_headings(headings)
    }

    /// Creates an empty table whose number of headings is known at run time only.
    pub fn with_headings(headings: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            headings: headings.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. Missing cells stay empty.
    pub fn row<I, S>(&mut self, cells: I)
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Formats the table within `width` columns, indented by `indent`: as columns
    /// if no word needs to be broken, else with the cells below each other.
    pub fn lines(&self, indent: usize, width: usize) -> Vec<String> {
        let available = width.saturating_sub(indent);
        let lines = match self.widths(available) {
            Some(widths) => self.side_by_side(&widths),
            None => self.stacked(available),
        };
        let margin = " ".repeat(indent);
        let indented = lines.iter().map(|line| format!("{margin}{line}"));
        indented.collect()
    }

    /// Returns the table as an array of objects, keyed by heading.
    pub fn to_json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let cells = self.headings.iter().zip(row);
            Value::Object(
                cells
                    .map(|(heading, cell)| (snake_case(heading), json!(cell)))
                    .collect(),
            )
        });
        Value::Array(rows.collect())
    }

    fn side_by_side(&self, widths: &[usize]) -> Vec<String> {
        let headings = layout(&self.headings, widths).into_iter();
        let mut lines: Vec<String> = headings
            .map(|line| format!("{TITLE}{line}{TITLE:#}"))
            .collect();
        let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        lines.push(rules.join(&" ".repeat(GAP)));
        lines.extend(self.rows.iter().flat_map(|row| layout(row, widths)));
        lines
    }

    /// Formats each row as a block of `heading: cell`, below a rule.
    fn stacked(&self, available: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &self.rows {
            lines.push("─".repeat(available));
            for (heading, cell) in self.headings.iter().zip(row) {
                if cell.is_empty() {
                    continue;
                }
                let text = wrap(&format!("{heading}: {cell}"), available.saturating_sub(GAP));
                for (index, line) in text.iter().enumerate() {
                    let hanging = if index == 0 { 0 } else { GAP };
                    lines.push(format!("{:hanging$}{line}", ""));
                }
            }
        }
        lines
    }

    /// Returns the natural widths, with the widest columns narrowed until all fit;
    /// `None` if words would have to be broken.
    fn widths(&self, available: usize) -> Option<Vec<usize>> {
        let columns_of = |column: usize| {
            let cells = self.rows.iter().filter_map(move |row| row.get(column));
            cells.chain(self.headings.get(column))
        };
        let mut widths = Vec::new();
        for column in 0..self.headings.len() {
            let lines = columns_of(column).flat_map(|cell| wrap(cell, usize::MAX));
            let natural = lines.map(|line| columns(&line)).max().unwrap_or(0);
            let least = columns_of(column).map(|cell| longest_piece(cell, WORD));
            widths.push((natural, least.max().unwrap_or(0)));
        }
        let gaps = GAP * widths.len().saturating_sub(1);
        while widths.iter().map(|(width, _)| width).sum::<usize>() + gaps > available {
            let narrowable = widths.iter_mut().filter(|(width, least)| width > least);
            let (widest, _) = narrowable.max_by_key(|(width, _)| *width)?;
            *widest -= 1;
        }
        Some(widths.into_iter().map(|(width, _)| width).collect())
    }
}

/// Formats one row: cells side by side, wrapped to their columns.
fn layout(cells: &[String], widths: &[usize]) -> Vec<String> {
    let wrapped: Vec<Vec<String>> = widths
        .iter()
        .enumerate()
        .map(|(index, width)| {
            cells
                .get(index)
                .map_or_else(Vec::new, |cell| wrap(cell, *width))
        })
        .collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|row| {
            let parts: Vec<String> = wrapped
                .iter()
                .zip(widths)
                .map(|(column, width)| padded(column.get(row).map_or("", String::as_str), *width))
                .collect();
            parts.join(&" ".repeat(GAP)).trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::style::render;
    use super::*;

    #[test]
    fn fits_the_width_and_loses_nothing() {
        let mut table = Table::new(["name", "value"]);
        table.row(["short", &"long words ".repeat(30)]);
        table.row(["漢字漢字", "only two cells"]);
        for width in [40, 80, 120] {
            let lines = table.lines(4, width);
            for line in &lines {
                let plain = render(line, false);
                assert!(columns(&plain) <= width, "{plain}");
            }
            let words = lines.join(" ").matches("long").count();
            assert_eq!(words, 30);
        }
    }

    #[test]
    fn words_stay_whole_where_cells_do_not_fit_side_by_side() {
        let mut table = Table::new(["first", "second", "third"]);
        table.row(["indivisible-1", "indivisible-2", "indivisible-3"]);
        assert_eq!(table.lines(0, 80).len(), 3);
        let narrow = table.lines(0, 40);
        assert_eq!(
            narrow[1..],
            [
                "first: indivisible-1",
                "second: indivisible-2",
                "third: indivisible-3"
            ]
        );
    }

    #[test]
    fn json_is_keyed_by_heading() {
        let mut table = Table::new(["a", "Rust type"]);
        table.row(["1", "2"]);
        assert_eq!(table.to_json(), json!([{"a": "1", "rust_type": "2"}]));
    }
}
