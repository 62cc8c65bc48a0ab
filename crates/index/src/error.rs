//! Why a part of a feed is refused. The publisher is to blame for each of these; nothing of the part is kept.

use thiserror::Error;

/// A header, head or body that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FeedError {
    /// A document of another feed, network or kind.
    #[error("the document belongs to another feed")]
    OtherFeed,
    /// A header that does not build on the one before it.
    #[error("the header does not continue the chain")]
    BrokenChain,
    /// A second header, other than the first, with one sequence number.
    #[error("the publisher signed two headers with one sequence number")]
    Equivocation,
    /// A body that differs from what its header announced.
    #[error("the body is not the one its header announces")]
    OtherBody,
    /// A part of a full set whose tags do not follow those of the parts before.
    #[error("the parts of the full set are not in order")]
    UnorderedSet,
    /// A body that is not a body: unreadable, unsorted, or too large.
    #[error("the body cannot be read")]
    MalformedBody,
    /// A body after which the feed would have more live tags than the network allows.
    #[error("the feed has more live tags than the network allows")]
    TooManyTags,
    /// A segment of a run that has gone on for too long without a full set.
    #[error("the feed goes on for longer than the network allows before everything is published again")]
    EndlessRun,
    /// A head that names more key sets than there are classes, or not in order.
    #[error("the head names key sets that cannot be")]
    MalformedHead,
    /// A sequence number or generation that no feed gets to.
    #[error("the document has a number that no feed gets to")]
    BeyondReach,
    /// A time too far ahead of the own clock.
    #[error("the document is dated in the future")]
    FromTheFuture,
}
