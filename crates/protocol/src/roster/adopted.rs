//! Whether a roster that came in is in force, and who is told when it is not.

use ::roster::RosterError;

use super::ResponseError;
use crate::{Refused, Reply};

/// What became of a roster that an input brought, if it brought one.
pub(crate) enum Adopted {
    /// It is in force, or there was none.
    Taken,
    /// The own organisation offered one that does not follow.
    Refused(RosterError),
    /// A member offered one that cannot be read or does not follow.
    Misled(ResponseError),
}

impl Adopted {
    pub(crate) fn reply(self, version: u32) -> Reply {
        Reply::Roster(match self {
            Self::Refused(error) => Err(error),
            Self::Taken | Self::Misled(_) => Ok(version),
        })
    }

    pub(crate) fn count(&self, refused: &mut Refused) {
        match self {
            Self::Misled(ResponseError::Malformed) => refused.malformed_frames += 1,
            Self::Misled(ResponseError::NotSigned) => refused.bad_signatures += 1,
            Self::Taken | Self::Refused(_) => {}
        }
    }
}
