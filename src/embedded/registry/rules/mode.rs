//! Which mode governs a scope, and what each mode refuses.

use crate::embedded::registry::api_error::ApiError;
use crate::embedded::registry::store::subject::{GLOBAL_CONTEXT, Subject};
use crate::embedded::registry::store::{Data, Scope};
use crate::registry_settings::Mode;

/// Returns the mode set for exactly this scope. The global scopes always have
/// one.
pub(crate) fn own(data: &Data, scope: &Scope) -> Option<Mode> {
    data.mode(scope).or(match scope {
        Scope::Global => Some(Mode::ReadWrite),
        Scope::Subject(subject) if subject.context == GLOBAL_CONTEXT => Some(Mode::ReadWrite),
        Scope::Subject(_) => None,
    })
}

/// Returns the mode in force for a scope: its own, else the context's, else the
/// global one.
pub(crate) fn in_force(data: &Data, scope: &Scope) -> Mode {
    scopes_of(scope)
        .iter()
        .find_map(|scope| data.mode(scope))
        .unwrap_or(Mode::ReadWrite)
}

/// Returns the scopes that are searched for a setting, nearest first.
pub(crate) fn scopes_of(scope: &Scope) -> [Scope; 3] {
    let context = match scope {
        Scope::Subject(subject) if !subject.is_in_default_context() => {
            Scope::Subject(Subject::new(&subject.context, ""))
        }
        _ => Scope::Global,
    };
    let everything = Scope::Subject(Subject::new(GLOBAL_CONTEXT, ""));
    [scope.clone(), context, everything]
}

/// Refuses deletions and changes of the configuration in read-only mode.
pub(crate) fn check_writable(data: &Data, scope: &Scope) -> Result<(), ApiError> {
    if in_force(data, scope).is_read_only() {
        return Err(refusal(scope, "read-only mode", true));
    }
    Ok(())
}

/// Refuses a new schema if the mode does not allow it. Modes differ for schemas
/// with an id and without.
pub(crate) fn check_registrable(
    data: &Data,
    subject: &Subject,
    with_id: bool,
) -> Result<Mode, ApiError> {
    let scope = Scope::Subject(subject.clone());
    check_writable(data, &scope)?;
    let mode = in_force(data, &scope);
    if with_id && !mode.imports() {
        return Err(refusal(&scope, "import mode", false));
    }
    if !with_id && mode != Mode::ReadWrite {
        return Err(refusal(&scope, "read-write mode", false));
    }
    Ok(mode)
}

/// Builds `Subject s in context  is in read-only mode`. The default context is
/// empty, and the global scope is Java's `null`.
fn refusal(scope: &Scope, mode: &str, is: bool) -> ApiError {
    let (subject, context) = match scope {
        Scope::Global => ("null".to_owned(), String::new()),
        Scope::Subject(subject) => (subject.to_string(), subject.context_prefix()),
    };
    let is = if is { "is" } else { "is not" };
    ApiError::not_permitted(format!(
        "Subject {subject} in context {context} {is} in {mode}"
    ))
}

/// Sets or clears the mode of a scope. Unless forced, import mode requires a
/// scope without active versions and permanently removes its soft-deleted ones.
pub(crate) fn set(
    data: &mut Data,
    scope: Scope,
    mode: Option<Mode>,
    force: bool,
) -> Result<(), ApiError> {
    if mode == Some(Mode::Import) && in_force(data, &scope) != Mode::Import && !force {
        clear_for_import(data, &scope)?;
    }
    match mode {
        Some(mode) => data.set_mode(scope, mode),
        None => {
            data.remove_mode(&scope);
            Ok(())
        }
    }
}

fn clear_for_import(data: &mut Data, scope: &Scope) -> Result<(), ApiError> {
    let concerned = |subject: &Subject| match scope {
        Scope::Global => true,
        Scope::Subject(scope) if scope.is_context() => {
            scope.context == GLOBAL_CONTEXT || scope.context == subject.context
        }
        Scope::Subject(scope) => scope == subject,
    };
    let mut leftovers = Vec::new();
    for (subject, versions) in data.subjects().filter(|(subject, _)| concerned(subject)) {
        if versions.latest().is_some() {
            return Err(ApiError::not_permitted(
                "Cannot import since found existing subjects",
            ));
        }
        let numbers = versions.all().map(|version| version.number);
        leftovers.extend(numbers.map(|number| (subject.clone(), number)));
    }
    for (subject, number) in &leftovers {
        if data.referrers(subject, *number, true).next().is_some() {
            return Err(ApiError::referenced(&subject.to_string(), *number));
        }
    }
    for (subject, number) in &leftovers {
        data.forget(subject, *number);
    }
    Ok(())
}

/// Clears the mode of a scope and returns it. With `recursive`, a context also
/// clears the modes of its subjects.
pub(crate) fn delete(
    data: &mut Data,
    scope: &Scope,
    recursive: bool,
) -> Result<Option<Mode>, ApiError> {
    let old = own(data, scope);
    if old.is_none() && !recursive {
        return Err(ApiError::subject_not_found(&scope.to_string()));
    }
    data.remove_mode(scope);
    if recursive {
        let [_, context, _] = scopes_of(scope);
        if *scope == context {
            data.retain_modes(|other| scopes_of(other).get(1) != Some(&context));
        }
    }
    Ok(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text)
    }

    #[test]
    fn the_nearest_mode_is_in_force() {
        let mut data = Data::default();
        assert_eq!(in_force(&data, &scope("s")), Mode::ReadWrite);
        set(&mut data, scope(":.__GLOBAL:"), Some(Mode::Forward), true).unwrap();
        assert_eq!(in_force(&data, &scope("s")), Mode::Forward);
        set(&mut data, Scope::Global, Some(Mode::ReadOnly), true).unwrap();
        assert_eq!(in_force(&data, &scope("s")), Mode::ReadOnly);
        assert_eq!(in_force(&data, &scope(":.c:s")), Mode::Forward);
        set(&mut data, scope(":.c:"), Some(Mode::Import), true).unwrap();
        assert_eq!(in_force(&data, &scope(":.c:s")), Mode::Import);
        set(&mut data, scope("s"), Some(Mode::ReadWrite), true).unwrap();
        assert_eq!(in_force(&data, &scope("s")), Mode::ReadWrite);
        set(&mut data, scope("s"), None, true).unwrap();
        assert_eq!(in_force(&data, &scope("s")), Mode::ReadOnly);
    }

    #[test]
    fn what_each_mode_refuses() {
        let subject = Subject::parse("s");
        for (mode, without_id, with_id) in [
            (
                Mode::ReadWrite,
                None,
                Some("Subject s in context  is not in import mode"),
            ),
            (
                Mode::ReadOnly,
                Some("Subject s in context  is in read-only mode"),
                Some("Subject s in context  is in read-only mode"),
            ),
            (
                Mode::ReadOnlyOverride,
                Some("Subject s in context  is in read-only mode"),
                Some("Subject s in context  is in read-only mode"),
            ),
            (
                Mode::Import,
                Some("Subject s in context  is not in read-write mode"),
                None,
            ),
            (
                Mode::Forward,
                Some("Subject s in context  is not in read-write mode"),
                None,
            ),
        ] {
            let mut data = Data::default();
            set(&mut data, Scope::Global, Some(mode), true).unwrap();
            for (id, expected) in [(false, without_id), (true, with_id)] {
                let refusal = check_registrable(&data, &subject, id).err();
                assert_eq!(
                    refusal.as_ref().map(|e| e.message.as_str()),
                    expected,
                    "{mode:?} {id}"
                );
            }
        }
        assert_eq!("readOnly".parse::<Mode>().ok(), Some(Mode::ReadOnly));
        assert_eq!("x".parse::<Mode>().ok(), None);
    }

    #[test]
    fn recursive_deletion_clears_the_context() {
        let mut data = Data::default();
        for text in [":.c:", ":.c:a", ":.d:a", "a"] {
            set(&mut data, scope(text), Some(Mode::ReadOnly), true).unwrap();
        }
        let old = delete(&mut data, &scope(":.c:"), true).unwrap();
        assert_eq!(old, Some(Mode::ReadOnly));
        assert_eq!(own(&data, &scope(":.c:a")), None);
        assert_eq!(own(&data, &scope(":.d:a")), Some(Mode::ReadOnly));
        assert_eq!(own(&data, &scope("a")), Some(Mode::ReadOnly));
        assert_eq!(delete(&mut data, &scope(":.c:"), true), Ok(None));
        assert_eq!(
            delete(&mut data, &scope(":.c:"), false).unwrap_err().code,
            40401
        );
        assert_eq!(
            delete(&mut data, &Scope::Global, true),
            Ok(Some(Mode::ReadWrite))
        );
        assert_eq!(own(&data, &scope("a")), None);
    }
}
