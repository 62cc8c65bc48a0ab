//! Gossip is read from a member at a rate, and one packet a turn.
//!
//! gossipsub verifies the signature of each frame as it reads it, in the task of the connection, long before it is known
//! whose frame that is: some 50 µs. Left alone it reads on for as long as there is something to read, so a member that
//! sends without pause keeps a thread busy for tens of milliseconds at a time, ten of them keep all busy, and every
//! other connection waits for its turn.
//!
//! So the handler of each connection is asked for the next packet only when its member may send one, over all of its
//! connections; what comes faster stays unread in its stream, whose window ends it at the sender. Nothing is lost by it.
//! After each packet all other tasks have a turn.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::handler::ConnectionEvent;
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use tokio::time::{Instant, Sleep};

use crate::rates::{Buckets, Rate};

/// Members of whom something was read of late: those of the largest network.
const MAX_MEMBERS: usize = 10_000;

/// What may be read of each member.
struct Pace {
    rate: Rate,
    read: Mutex<Buckets<PeerId>>,
}

impl Pace {
    fn due(&self, member: &PeerId, now: Instant) -> Instant {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).due(member, self.rate, 1, now)
    }

    fn take(&self, member: PeerId, now: Instant) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.tidy(now);
        read.take(member, self.rate, 1, now);
    }
}

/// A behaviour whose handlers say so much of each member, and no more in one turn than one thing.
pub(crate) struct Paced<B> {
    inner: B,
    pace: Arc<Pace>,
}

impl<B> Paced<B> {
    pub(crate) fn new(inner: B, rate: Rate) -> Self {
        let read = Mutex::new(Buckets::new(MAX_MEMBERS));
        Self { inner, pace: Arc::new(Pace { rate, read }) }
    }

    fn handler<H>(&self, inner: H, member: PeerId) -> PacedHandler<H> {
        PacedHandler { inner, member, pace: Arc::clone(&self.pace), pause: None, had_turn: false }
    }
}

impl<B> fmt::Debug for Paced<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced").field("rate", &self.pace.rate).finish_non_exhaustive()
    }
}

impl<B> Deref for Paced<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.inner
    }
}

impl<B> DerefMut for Paced<B> {
    fn deref_mut(&mut self) -> &mut B {
        &mut self.inner
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for Paced<B> {
    type ConnectionHandler = PacedHandler<THandler<B>>;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner.handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let inner = self.inner.handle_established_inbound_connection(connection, peer, local, remote)?;
        Ok(self.handler(inner, peer))
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner.handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let inner =
            self.inner.handle_established_outbound_connection(connection, peer, address, role, port)?;
        Ok(self.handler(inner, peer))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.inner.on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.inner.poll(context)
    }
}

/// The handler of one connection.
pub(crate) struct PacedHandler<H> {
    inner: H,
    member: PeerId,
    pace: Arc<Pace>,
    /// Until the member may send more.
    pause: Option<Pin<Box<Sleep>>>,
    /// Whether something was said since the task last gave way.
    had_turn: bool,
}

impl<H: ConnectionHandler> ConnectionHandler for PacedHandler<H> {
    type FromBehaviour = H::FromBehaviour;
    type ToBehaviour = H::ToBehaviour;
    type InboundProtocol = H::InboundProtocol;
    type OutboundProtocol = H::OutboundProtocol;
    type InboundOpenInfo = H::InboundOpenInfo;
    type OutboundOpenInfo = H::OutboundOpenInfo;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol, Self::InboundOpenInfo> {
        self.inner.listen_protocol()
    }

    fn connection_keep_alive(&self) -> bool {
        self.inner.connection_keep_alive()
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        if std::mem::take(&mut self.had_turn) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            // Again after a pause: another connection of the member may have been first.
            let now = Instant::now();
            let due = self.pace.due(&self.member, now);
            if due <= now {
                break;
            }
            self.pause = Some(Box::pin(tokio::time::sleep_until(due)));
        }
        let event = ready!(self.inner.poll(context));
        if matches!(event, ConnectionHandlerEvent::NotifyBehaviour(_)) {
            self.pace.take(self.member, Instant::now());
            self.had_turn = true;
        }
        Poll::Ready(event)
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<Option<Self::ToBehaviour>> {
        self.inner.poll_close(context)
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        self.inner.on_behaviour_event(event);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<
            '_,
            Self::InboundProtocol,
            Self::OutboundProtocol,
            Self::InboundOpenInfo,
            Self::OutboundOpenInfo,
        >,
    ) {
        self.inner.on_connection_event(event);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::task::noop_waker;
    use libp2p::core::upgrade::DeniedUpgrade;

    use super::*;

    /// Says the next number whenever it is asked.
    #[derive(Default)]
    struct Talkative(u32);

    impl ConnectionHandler for Talkative {
        type FromBehaviour = ();
        type ToBehaviour = u32;
        type InboundProtocol = DeniedUpgrade;
        type OutboundProtocol = DeniedUpgrade;
        type InboundOpenInfo = ();
        type OutboundOpenInfo = ();

        fn listen_protocol(&self) -> SubstreamProtocol<DeniedUpgrade, ()> {
            SubstreamProtocol::new(DeniedUpgrade, ())
        }

        fn poll(
            &mut self,
            _context: &mut Context<'_>,
        ) -> Poll<ConnectionHandlerEvent<DeniedUpgrade, (), u32>> {
            self.0 += 1;
            Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(self.0))
        }

        fn on_behaviour_event(&mut self, (): ()) {}

        fn on_connection_event(&mut self, _event: ConnectionEvent<'_, DeniedUpgrade, DeniedUpgrade, (), ()>) {
        }
    }

    /// What it says when asked so often in a row.
    fn asked(handler: &mut PacedHandler<Talkative>, times: usize) -> Vec<Option<u32>> {
        let waker = noop_waker();
        let mut ask = || match handler.poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(number)) => Some(number),
            Poll::Ready(other) => panic!("{other:?}"),
            Poll::Pending => None,
        };
        (0..times).map(|_| ask()).collect()
    }

    #[tokio::test]
    async fn after_each_packet_all_others_have_a_turn() {
        let paced = Paced::new((), Rate::UNBOUNDED);
        let mut handler = paced.handler(Talkative::default(), PeerId::random());
        assert_eq!(asked(&mut handler, 5), [Some(1), None, Some(2), None, Some(3)]);
    }

    #[tokio::test]
    async fn a_turn_given_away_is_asked_for_again() {
        let paced = Paced::new((), Rate::UNBOUNDED);
        let mut handler = paced.handler(Talkative::default(), PeerId::random());
        for number in 1..=3 {
            // Would never end if nothing woke the task after it gave way.
            let event = std::future::poll_fn(|context| handler.poll(context)).await;
            assert!(matches!(event, ConnectionHandlerEvent::NotifyBehaviour(said) if said == number));
        }
    }

    #[tokio::test]
    async fn a_member_has_one_rate_over_all_of_its_connections_and_others_have_their_own() {
        let paced = Paced::new((), Rate { burst: 3, every: Duration::from_secs(3_600) });
        let (member, other) = (PeerId::random(), PeerId::random());
        let mut first = paced.handler(Talkative::default(), member);
        assert_eq!(asked(&mut first, 4), [Some(1), None, Some(2), None]);
        let mut second = paced.handler(Talkative::default(), member);
        assert_eq!(asked(&mut second, 4), [Some(1), None, None, None]);
        assert_eq!(asked(&mut first, 3), [None, None, None]);
        drop((first, second));
        let mut again = paced.handler(Talkative::default(), member);
        assert_eq!(asked(&mut again, 2), [None, None], "who comes again has used up as much");
        assert_eq!(asked(&mut paced.handler(Talkative::default(), other), 1), [Some(1)]);
    }

    #[tokio::test]
    async fn a_pause_ends_when_the_next_packet_is_due() {
        let paced = Paced::new((), Rate { burst: 1, every: Duration::from_millis(20) });
        let mut handler = paced.handler(Talkative::default(), PeerId::random());
        let start = Instant::now();
        for _ in 0..3 {
            std::future::poll_fn(|context| handler.poll(context)).await;
        }
        assert!(start.elapsed() >= Duration::from_millis(40), "{:?}", start.elapsed());
    }
}
