//! Why a value cannot be converted, and where in the value.

/// What is wrong with bytes that are no message.
pub(super) type Malformed = &'static str;

/// Why JSON or bytes cannot be converted.
#[derive(Debug)]
pub(super) enum Fault {
    /// The bytes are no message.
    Malformed(Malformed),
    /// A value does not fit its field, or has no JSON form.
    Value(String),
}

/// The error is boxed, so that results fit into registers.
pub(super) type Result<T> = std::result::Result<T, Box<Fault>>;

/// What a position in a plan that is out of bounds would be. It never is.
pub(super) const NO_PLAN: Malformed = "no plan for this type";

impl From<Malformed> for Box<Fault> {
    #[cold]
    fn from(malformed: Malformed) -> Self {
        Self::new(Fault::Malformed(malformed))
    }
}

impl From<String> for Box<Fault> {
    #[cold]
    fn from(reason: String) -> Self {
        Self::new(Fault::Value(reason))
    }
}

impl Fault {
    pub(super) fn reason(self) -> String {
        match self {
            Self::Malformed(reason) => reason.to_owned(),
            Self::Value(reason) => reason,
        }
    }
}

/// A path that grows from its end while an error travels outwards. Nothing is
/// recorded as long as nothing is wrong.
#[derive(Debug, Default)]
pub(super) struct Path(Vec<Part>);

#[derive(Debug)]
pub(super) enum Part {
    /// A field's name or a map's key.
    Name(String),
    Index(usize),
}

impl Path {
    #[cold]
    pub(super) fn within(&mut self, part: Part) {
        self.0.push(part);
    }

    /// Returns `items[2].price`, or an empty text for the whole value.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for part in self.0.iter().rev() {
            match part {
                Part::Name(name) => {
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
