//! Where in a value something is wrong.

/// A path that grows from its end, as an error travels outwards. Nothing is
/// recorded as long as nothing is wrong.
#[derive(Debug, Default)]
pub(super) struct Path(Vec<Part>);

#[derive(Debug)]
pub(super) enum Part {
    Field(String),
    Key(String),
    Index(usize),
}

impl Path {
    #[cold]
    pub(super) fn within(&mut self, part: Part) {
        self.0.push(part);
    }

    /// `items[2].price`; empty for the whole value.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for part in self.0.iter().rev() {
            match part {
                Part::Field(name) | Part::Key(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                Part::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        text
    }
}
