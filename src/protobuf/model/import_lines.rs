//! The import lines of a file, with their kinds.

use prost_types::FileDescriptorProto;

/// Orders imports as the canonical text has them: plain, weak, public. Indexes
/// outside the list are dropped.
pub(in crate::protobuf) fn order_imports(file: &mut FileDescriptorProto) {
    edit_imports(file, |imports| imports.sort_by_key(|(kind, _)| *kind));
}

/// Drops all imports that are not `wanted`.
pub(in crate::protobuf) fn retain_imports(
    file: &mut FileDescriptorProto,
    wanted: impl Fn(&str) -> bool,
) {
    if !file.dependency.iter().all(|path| wanted(path)) {
        edit_imports(file, |imports| imports.retain(|(_, path)| wanted(path)));
    }
}

/// The kind of an import, in the order of the canonical text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::protobuf) enum ImportKind {
    Plain,
    Weak,
    Public,
}

/// Returns the imports of one kind, in the order of the file.
pub(in crate::protobuf) fn imports_of_kind(
    file: &FileDescriptorProto,
    wanted: ImportKind,
) -> impl Iterator<Item = &str> {
    let imports = (0..).map(|index| kind(file, index)).zip(&file.dependency);
    imports.filter_map(move |(kind, path)| (kind == wanted).then_some(path.as_str()))
}

fn kind(file: &FileDescriptorProto, index: i32) -> ImportKind {
    if file.public_dependency.contains(&index) {
        ImportKind::Public
    } else if file.weak_dependency.contains(&index) {
        ImportKind::Weak
    } else {
        ImportKind::Plain
    }
}

/// Calls `edit` with the kinds and paths of all imports, and stores what it leaves.
pub(in crate::protobuf) fn edit_imports(
    file: &mut FileDescriptorProto,
    edit: impl FnOnce(&mut Vec<(ImportKind, String)>),
) {
    let paths = std::mem::take(&mut file.dependency);
    let kinds = (0..).map(|index| kind(file, index));
    let mut imports: Vec<(ImportKind, String)> = kinds.zip(paths).collect();
    edit(&mut imports);
    let of_kind = |wanted: ImportKind| {
        let indexes = (0..).zip(&imports).filter(|(_, (kind, _))| *kind == wanted);
        indexes.map(|(index, _)| index).collect()
    };
    file.weak_dependency = of_kind(ImportKind::Weak);
    file.public_dependency = of_kind(ImportKind::Public);
    file.dependency = imports.into_iter().map(|(_, path)| path).collect();
}
