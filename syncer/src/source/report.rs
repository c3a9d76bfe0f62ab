//! Collects what the checks of one table find, each fault at the place of the key that it is about.

use super::{
    fault::{Fault, Wrong},
    tree::{Node, Value},
};

/// Where the faults about one table of one file go.
pub(crate) struct Report<'a> {
    pub(crate) file: &'a str,
    /// The table that the paths start from.
    pub(crate) root: &'a Node,
    pub(crate) faults: &'a mut Vec<Fault>,
}

impl Report<'_> {
    /// `wrong` about the value at `path`, or about the table that lacks it.
    pub(crate) fn wrong(&mut self, path: &[&str], wrong: Wrong) {
        let node = self.root.nearest(path);
        // What was found faulty is not reported again for what follows from it.
        if !matches!(node.value, Value::Faulty) {
            self.faults.push(wrong.at(self.file, &node.at));
        }
    }

    /// `wrong` about the last key of `path` itself.
    pub(crate) fn wrong_key(&mut self, path: &[&str], wrong: Wrong) {
        match self.root.entry(path) {
            Some(entry) => self.faults.push(wrong.at(self.file, &entry.at)),
            None => self.wrong(path, wrong),
        }
    }

    /// The value, or nothing and a fault at `path`.
    pub(crate) fn ok<T>(&mut self, path: &[&str], result: Result<T, Wrong>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.wrong(path, wrong);
                None
            }
        }
    }

    /// Reads an optional text by `read`.
    pub(crate) fn read<T>(
        &mut self,
        path: &[&str],
        text: Option<&str>,
        read: fn(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        self.ok(path, text.map(read).transpose()).flatten()
    }

    /// Whether `path` is there and not from `[defaults]`, which may mean something for other resources.
    pub(crate) fn is_own(&self, path: &[&str]) -> bool {
        let inner = self.root.nearest(path);
        self.root.has(path) && !inner.at.key.starts_with("defaults")
    }
}
