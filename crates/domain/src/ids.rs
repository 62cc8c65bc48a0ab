//! Identifiers of a network, a circle, an epoch and a class of keys.

use std::fmt;

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Wraps the bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes, as they enter hashes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

opaque_id!(
    /// A network: the digest of its genesis roster, compared out of band.
    NetworkId,
    32
);
opaque_id!(
    /// A circle (kring) of one network: random, 128 bits.
    CircleId,
    16
);

/// The number of an epoch; a key lives one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u32);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The two classes of linkage keys; each has its own key set per epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyClass {
    /// `bsn`: only for entitled organisations.
    Bsn,
    /// `zwak`: from name, birth date, sex and address.
    Weak,
}

impl KeyClass {
    /// Both classes.
    pub const ALL: [Self; 2] = [Self::Bsn, Self::Weak];

    /// The Dutch name, also the one that enters hashes.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Bsn => "bsn",
            Self::Weak => "zwak",
        }
    }
}

impl fmt::Display for KeyClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.dutch())
    }
}
