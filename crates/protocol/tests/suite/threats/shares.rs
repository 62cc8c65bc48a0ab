//! Shares that were stolen: how many it takes, and what they open.

use crypto::{BlindedBatch, KeySet, KeyShare, PseudonymKey, Seed};
use domain::{Epoch, KeyClass};
use testkit::Simulation;

use super::{BSN, DAY, LENGTH, at, blinded, feed, key_set, matched, oin, prepared, tag, tags};

/// The shares of an epoch that some keyholders have on their disks; which is for which class, proofs tell.
fn stolen(net: &Simulation, keyholders: &[usize]) -> Vec<KeyShare> {
    let mut shares = Vec::new();
    for keyholder in keyholders {
        for (name, secret) in net.disk(oin(*keyholder)).kept().secrets {
            if name.as_str().starts_with("share-")
                && let Ok(share) = KeyShare::from_secret_bytes(secret.reveal())
            {
                shares.push(share);
            }
        }
    }
    shares
}

/// What thieves compute with their shares: nobody is asked.
fn opened(batch: &BlindedBatch, key_set: &KeySet, shares: &[KeyShare]) -> Option<PseudonymKey> {
    let seed = Seed::from_bytes([8; 32]);
    let verified: Vec<_> = shares
        .iter()
        .filter_map(|share| {
            let evaluation = share.evaluate(batch.elements(), &seed).unwrap();
            batch.verify(key_set, share.index(), &evaluation).ok()
        })
        .collect();
    Some(batch.finish(key_set, &verified).ok()?.remove(0))
}

#[test]
fn fewer_than_t_stolen_shares_open_nothing_and_t_open_everything_of_their_epoch() {
    let net = matched();
    let circle = net.founding().circle;
    let set = key_set(&net, 5, Epoch(1), KeyClass::Bsn);
    let published = tags(&net, &feed(&net, 5, Epoch(1)));
    let batch = blinded(&net, Epoch(1), BSN, [1; 16]);
    for keyholder in 1..=3 {
        let shares = stolen(&net, &[keyholder]);
        assert!(!shares.is_empty());
        assert!(opened(&batch, &set, &shares).is_none(), "one of three is no threshold");
        // Twice the same share is still one.
        assert!(opened(&batch, &set, &[shares.clone(), shares].concat()).is_none());
    }
    let right = opened(&batch, &set, &stolen(&net, &[1, 3])).unwrap();
    assert!(published.contains(&tag(&right, 5, &circle)), "this is what the threshold is for");
    let wrong = blinded(&net, Epoch(1), "123456782", [2; 16]);
    let wrong = opened(&wrong, &set, &stolen(&net, &[1, 3])).unwrap();
    assert!(!published.contains(&tag(&wrong, 5, &circle)));
}

#[test]
fn shares_stolen_after_the_roll_over_open_nothing_of_the_epoch_before() {
    let mut net = matched();
    let circle = net.founding().circle;
    let first = key_set(&net, 5, Epoch(1), KeyClass::Bsn);
    let harvested = tags(&net, &feed(&net, 5, Epoch(1)));
    prepared(&mut net);
    at(&mut net, LENGTH + DAY);
    net.settle();
    let shares = stolen(&net, &[1, 2, 3]);
    assert!(!shares.is_empty());
    let (old, new) = (blinded(&net, Epoch(1), BSN, [1; 16]), blinded(&net, Epoch(2), BSN, [1; 16]));
    assert!(opened(&old, &first, &shares).is_none(), "no share of the first epoch is left anywhere");
    let second = key_set(&net, 5, Epoch(2), KeyClass::Bsn);
    for batch in [&old, &new] {
        let key = opened(batch, &second, &shares).unwrap();
        assert!(!harvested.contains(&tag(&key, 5, &circle)), "the new key says nothing of old tags");
    }
    let key = opened(&new, &second, &shares).unwrap();
    assert!(tags(&net, &feed(&net, 5, Epoch(2))).contains(&tag(&key, 5, &circle)));
}
