//! The key ceremony: keyholders make the key set of one (epoch, class) together, without a dealer.
//!
//! Each keyholder signs a round 1 package (commitments and a one-time sealing key) and a round 2 package (the share of
//! every other, sealed to that one), echoes a digest of all packages, and signs the resulting key set. Packages travel
//! by *exchange*: a request carries everything the sender has for the receiver, the response everything the receiver
//! has for the sender, so lost messages and restarts need no rule of their own. Packages of others are passed on: two
//! different ones of one keyholder meet and convict it, and a line that is down keeps no share from its recipient.
//!
//! The first attempt needs every keyholder. After its deadline each gives it up with a signed *abandonment*, its secrets
//! destroyed, and a quorum of those lets the next attempt begin without whoever was missed or lied.

mod abandonment;
mod adopting;
mod asking;
mod attempts;
mod following;
mod keeper;
mod kept;
mod machine;
mod material;
mod message;
mod state;
mod talking;

pub use abandonment::AbandonmentDocument;
pub(crate) use keeper::CeremonyKeeper;
pub use material::KeyId;
pub(crate) use material::KeyMaterial;
pub use message::{
    CeremonyRequest, CeremonyResponse, ComplaintDocument, DisclosureDocument, EchoDocument, Part,
    Round1Document, Round2Document, SealedShare,
};
pub use state::{CeremonyRound, CeremonyState, KeySetSummary, KeyholderProgress};
