//! Tables that fit the width of a terminal.

use serde_json::{Value, json};

use super::{TITLE, WIDTH, wrap};

/// No column gets narrower than this.
const MIN_WIDTH: usize = 4;

/// A table with a heading line.
#[derive(Clone, Debug)]
pub struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self {
            headings: headings.map(str::to_owned).to_vec(),
            rows: Vec::new(),
        }
    }

    /// An empty table with headings counted at run time.
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

    /// The lines of the table, indented by `indent` and within [`WIDTH`].
    pub fn lines(&self, indent: usize) -> Vec<String> {
        let widths = self.widths(WIDTH.saturating_sub(indent));
        let margin = " ".repeat(indent);
        let mut lines = Vec::new();
        for line in layout(&self.headings, &widths) {
            lines.push(format!("{margin}{TITLE}{line}{TITLE:#}"));
        }
        let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        lines.push(format!("{margin}{}", rules.join("  ")));
        for row in &self.rows {
            for line in layout(row, &widths) {
                lines.push(format!("{margin}{line}"));
            }
        }
        lines
    }

    /// The table as an array of objects, keyed by heading.
    pub fn to_json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let cells = self.headings.iter().zip(row);
            Value::Object(
                cells
                    .map(|(key, cell)| (key.clone(), json!(cell)))
                    .collect(),
            )
        });
        Value::Array(rows.collect())
    }

    /// Natural widths, the widest columns narrowed until all fit.
    fn widths(&self, available: usize) -> Vec<usize> {
        let columns = self.headings.len();
        let mut widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                let all = cells.chain(self.headings.get(column));
                all.flat_map(|cell| cell.split('\n'))
                    .map(|line| line.chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let gaps = 2 * columns.saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > available {
            match widths.iter_mut().max() {
                Some(widest) if *widest > MIN_WIDTH => *widest -= 1,
                _ => break,
            }
        }
        widths
    }
}

/// The lines of one row: cells side by side, wrapped to their columns.
fn layout(cells: &[String], widths: &[usize]) -> Vec<String> {
    let columns: Vec<Vec<String>> = widths
        .iter()
        .enumerate()
        .map(|(index, width)| {
            cells
                .get(index)
                .map_or_else(Vec::new, |cell| wrap(cell, *width))
        })
        .collect();
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|row| {
            let parts: Vec<String> = columns
                .iter()
                .zip(widths)
                .map(|(column, width)| {
                    let text = column.get(row).map_or("", String::as_str);
                    format!("{text:<width$}")
                })
                .collect();
            parts.join("  ").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_the_width_and_loses_nothing() {
        let mut table = Table::new(["name", "value"]);
        table.row(["short", &"long words ".repeat(30)]);
        table.row(["only one cell"]);
        let lines = table.lines(4);
        for line in &lines {
            let plain = anstream::adapter::strip_str(line).to_string();
            assert!(plain.chars().count() <= WIDTH, "{plain}");
        }
        let words = lines.join(" ").matches("long").count();
        assert_eq!(words, 30);
    }

    #[test]
    fn json_is_keyed_by_heading() {
        let mut table = Table::new(["a", "b"]);
        table.row(["1", "2"]);
        assert_eq!(table.to_json(), json!([{"a": "1", "b": "2"}]));
    }
}
