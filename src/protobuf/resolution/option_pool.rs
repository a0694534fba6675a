//! Builds the descriptor pool that defines the options of a file.

use std::borrow::Cow;

use prost_reflect::DescriptorPool;

use super::descriptors::{Missing, add_leniently, import_order};
use crate::protobuf::model::elements::elements;
use crate::protobuf::options::{Target, encode};
use crate::protobuf::{Error, SchemaFile, builtin};

impl SchemaFile {
    /// Returns a pool that defines the options of this file, as far as the file, its
    /// dependencies and the built-in files define them.
    pub(in crate::protobuf) fn option_pool(
        &self,
        dependencies: &[Self],
    ) -> Cow<'static, DescriptorPool> {
        if self.uses_own_options()
            && let Some(pool) = self.extended_pool(dependencies)
        {
            return Cow::Owned(pool);
        }
        Cow::Borrowed(builtin::pool())
    }

    /// Returns a pool of this file, its imports and the built-in files. If these do not
    /// fit together, the pool lacks built-in files that the file does not import. `None`
    /// if the file does not resolve.
    pub(in crate::protobuf) fn extended_pool(
        &self,
        dependencies: &[Self],
    ) -> Option<DescriptorPool> {
        let all = || -> Result<DescriptorPool, Error> {
            let mut pool = builtin::pool().clone();
            for file in import_order(self, dependencies, Missing::Tolerated)? {
                if pool.get_file_by_name(file.name()).is_none() {
                    add_leniently(&mut pool, file)?;
                }
            }
            Ok(pool)
        };
        if let Ok(pool) = all() {
            return Some(pool);
        }
        let resolved = self.resolve_leniently(dependencies).ok()?;
        let pool = resolved.parent_pool();
        let has_options = pool.get_message_by_name(Target::File.options_message());
        has_options.map(|_| pool.clone())
    }

    /// Returns whether the file sets an option that the built-in files do not
    /// define.
    fn uses_own_options(&self) -> bool {
        elements(&self.proto).any(|(scope, element)| {
            let (target, options) = element.options();
            let defined = |option: &_| encode::is_defined(target, &scope, option, builtin::pool());
            !options.iter().all(defined)
        })
    }
}
