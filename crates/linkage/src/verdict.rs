//! What agreement proves, and on what basis.

use std::fmt;

use domain::{Certainty, Role};

use crate::KeyKind;

/// Whose facts agreed: a person in this role, or the household as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BasisRole {
    /// A person in this role of the own record.
    Person(Role),
    /// `gezin`: the household key.
    Family,
}

impl BasisRole {
    /// The Dutch word used in the API and on pages.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Person(role) => role.dutch(),
            Self::Family => "gezin",
        }
    }

    /// The role with this Dutch word.
    #[must_use]
    pub fn from_dutch(word: &str) -> Option<Self> {
        let persons = Role::ALL.into_iter().map(Self::Person);
        persons.chain([Self::Family]).find(|role| role.dutch() == word)
    }
}

impl From<Role> for BasisRole {
    fn from(role: Role) -> Self {
        Self::Person(role)
    }
}

impl fmt::Display for BasisRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.dutch())
    }
}

/// One reason of a verdict, in terms of the own record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Basis {
    /// Whose facts agreed.
    pub role: BasisRole,
    /// The kind of key that agreed.
    pub key: KeyKind,
}

/// How sure a match is and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How sure.
    pub certainty: Certainty,
    /// The reasons, sorted, each once, never empty.
    pub basis: Vec<Basis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        for role in Role::ALL.map(BasisRole::Person).into_iter().chain([BasisRole::Family]) {
            assert_eq!(BasisRole::from_dutch(role.dutch()), Some(role));
        }
        assert_eq!(BasisRole::from_dutch("buur"), None);
    }
}
