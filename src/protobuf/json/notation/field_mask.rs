//! `google.protobuf.FieldMask` as text: paths in camel case, separated by commas.

/// Appends a path in camel case, behind a comma if it is not the first.
pub(crate) fn append(path: &str, text: &mut String) -> Result<(), String> {
    if !text.is_empty() {
        text.push(',');
    }
    let mut raise = false;
    for letter in path.chars() {
        let raised = letter.to_ascii_uppercase();
        match letter {
            // Reading it back would give another path.
            'A'..='Z' => return Err(no_way_back(path)),
            _ if raise && raised == letter => return Err(no_way_back(path)),
            '_' => raise = true,
            _ if raise => {
                text.push(raised);
                raise = false;
            }
            _ => text.push(letter),
        }
    }
    if raise {
        return Err(no_way_back(path));
    }
    Ok(())
}

fn no_way_back(path: &str) -> String {
    format!("path {path:?} of a google.protobuf.FieldMask has no camel-case form")
}

/// Returns a path as it is in the message, from camel case.
pub(crate) fn read(path: &str) -> Result<String, String> {
    let mut snake = String::with_capacity(path.len());
    for letter in path.chars() {
        match letter {
            '_' => return Err(format!("invalid field mask: {path:?} is not in camel case")),
            'A'..='Z' => {
                snake.push('_');
                snake.push(letter.to_ascii_lowercase());
            }
            _ => snake.push(letter),
        }
    }
    Ok(snake)
}
