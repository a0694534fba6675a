//! Number ranges of `reserved` and `extensions` statements.

/// Greatest field number. Ranges that reach it end in `max`.
pub(super) const MAX_FIELD_NUMBER: i32 = 536_870_911;

/// A range of numbers, both ends included.
pub(super) struct Range {
    pub(super) first: i32,
    pub(super) last: i32,
    /// A range that ends here or later ends in `max`.
    pub(super) max: i32,
}

impl Range {
    /// Creates a range of field numbers from an exclusive end.
    pub(super) fn half_open(start: i32, end: i32) -> Self {
        Self {
            first: start,
            last: end.saturating_sub(1),
            max: MAX_FIELD_NUMBER,
        }
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else if self.last >= self.max {
            write!(f, "{} to max", self.first)
        } else {
            write!(f, "{} to {}", self.first, self.last)
        }
    }
}
