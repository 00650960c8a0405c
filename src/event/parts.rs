//! Which parts of a payload are looked at: so that on the way in no tree is built of the rest.

use std::collections::BTreeMap;

/// All of a payload, or what stands at some places in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    all: bool,
    /// By member's name, or by index as text.
    below: BTreeMap<String, Parts>,
}

impl Parts {
    /// The payload whole.
    pub fn whole() -> &'static Self {
        static WHOLE: Parts = Parts { all: true, below: BTreeMap::new() };
        &WHOLE
    }

    /// Nothing of it.
    pub fn none() -> &'static Self {
        static NONE: Parts = Parts { all: false, below: BTreeMap::new() };
        &NONE
    }

    /// What stands at the end of this path, whole.
    pub fn add<'a>(&mut self, path: impl IntoIterator<Item = &'a str>) {
        let end = path.into_iter().fold(self, |part, name| part.below.entry(name.to_owned()).or_default());
        end.all = true;
    }

    /// What a JSON pointer (RFC 6901) points to.
    pub fn add_pointer(&mut self, pointer: &str) {
        let tokens: Vec<String> =
            pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect();
        self.add(tokens.iter().map(String::as_str));
    }

    /// What somebody else looks at.
    pub fn extend(&mut self, other: &Self) {
        self.all |= other.all;
        for (name, part) in &other.below {
            self.below.entry(name.clone()).or_default().extend(part);
        }
    }

    /// Whether this place is looked at whole.
    pub(super) fn is_whole(&self) -> bool {
        self.all
    }

    /// What is looked at below this member, if anything is.
    pub(super) fn below(&self, name: &str) -> Option<&Self> {
        self.below.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_and_a_path_name_the_same_part() {
        let (mut pointed, mut path) = (Parts::default(), Parts::default());
        pointed.add_pointer("/a~1b/~0/0");
        path.add(["a/b", "~", "0"]);
        assert_eq!(pointed, path);
        let mut both = Parts::default();
        both.add_pointer("/c");
        both.extend(&pointed);
        assert!(both.below("c").is_some_and(Parts::is_whole) && both.below("a/b").is_some_and(|part| !part.is_whole()));
    }
}
