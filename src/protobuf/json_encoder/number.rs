//! Numbers as Protobuf takes them from JSON: integers may be strings or have a
//! fraction of zero, floats may be strings.

use serde_json::Value;

use super::{Result, Unplanned};

pub(super) fn double(value: &Value) -> Result<f64> {
    match value {
        Value::String(text) => text.parse().map_err(|_| Unplanned),
        other => other.as_f64().ok_or(Unplanned),
    }
}

pub(super) fn float(value: &Value) -> Result<f32> {
    match value {
        Value::String(text) => text.parse().map_err(|_| Unplanned),
        other => {
            let wide = other.as_f64().ok_or(Unplanned)?;
            let range = f64::from(f32::MIN)..=f64::from(f32::MAX);
            range
                .contains(&wide)
                .then_some(wide as f32)
                .ok_or(Unplanned)
        }
    }
}

pub(super) fn int64(value: &Value) -> Result<i64> {
    match value {
        Value::String(text) => text.parse().map_err(|_| Unplanned),
        other => other
            .as_i64()
            .or_else(|| whole(other, i64::MIN as f64, i64::MAX as f64).map(|f| f as i64))
            .ok_or(Unplanned),
    }
}

pub(super) fn uint64(value: &Value) -> Result<u64> {
    match value {
        Value::String(text) => text.parse().map_err(|_| Unplanned),
        other => other
            .as_u64()
            .or_else(|| whole(other, 0.0, u64::MAX as f64).map(|f| f as u64))
            .ok_or(Unplanned),
    }
}

pub(super) fn int32(value: &Value) -> Result<i32> {
    int64(value)?.try_into().map_err(|_| Unplanned)
}

pub(super) fn uint32(value: &Value) -> Result<u32> {
    uint64(value)?.try_into().map_err(|_| Unplanned)
}

/// A number such as 5.0 or 1e3. The upper bound is exclusive: the largest
/// 64-bit integers have no double of their own.
fn whole(value: &Value, from: f64, below: f64) -> Option<f64> {
    let float = value.as_f64()?;
    (float.fract() == 0.0 && float >= from && float < below).then_some(float)
}
