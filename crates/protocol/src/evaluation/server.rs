//! The keyholder's side: what is asked is checked, evaluated outside of the state machine, checked again and answered.

use audit::evaluation::SIZE_CLASSES;
use audit::{EvaluationLeaf, KeySetName};
use crypto::{Evaluation, KeyShare, cbor};
use domain::{KeyClass, Oin};

use super::held_logs::HeldLogs;
use super::message::{EvaluationRefusal, EvaluationRequest, EvaluationResponse, pack, unpack};
use super::task::{EvaluationDone, EvaluationTask};
use crate::ceremony::{KeyId, KeyMaterial};
use crate::effects::{Context, Effects};
use crate::{Outbound, ResponseToken};

/// Has evaluated what a member sends, or says why not. `seed` is of this request alone.
pub(crate) fn begin(
    cx: &Context<'_>,
    (material, logs): (&KeyMaterial, &mut HeldLogs),
    (from, token): (Oin, ResponseToken),
    frame: &[u8],
    seed: crypto::Seed,
    fx: &mut Effects<'_>,
) {
    let request = cbor::from_slice::<EvaluationRequest>(frame).map_err(|_| EvaluationRefusal::Malformed);
    let outcome = match request {
        Ok(EvaluationRequest::Evaluate { leaves, checkpoint, elements }) => {
            logs.show(cx, from, (&leaves, &checkpoint), fx).and_then(|leaf| {
                let share = share_for(cx, material, &from, &leaf.key_set)?.clone();
                let elements = counted(&leaf, &elements)?;
                HeldLogs::within_quota(cx, &from, &leaf)?;
                let key_set = leaf.key_set;
                let task = EvaluationTask { from, token, key_set, share, elements, seed };
                fx.say(Outbound::Evaluate(Box::new(task)));
                Ok(())
            })
        }
        Ok(EvaluationRequest::Show { leaves, checkpoint }) => {
            logs.show(cx, from, (&leaves, &checkpoint), fx).map(|_last| fx.respond(token, logs.state(&from)))
        }
        Ok(EvaluationRequest::Hear { from: place }) => {
            logs.tell(from, token, place, fx);
            Ok(())
        }
        Err(reason) => Err(reason),
    };
    if let Err(reason) = outcome {
        refuse(token, reason, fx);
    }
}

/// The elements of a request, if its leaf counts exactly these and they are as many as a request may have.
fn counted(leaf: &EvaluationLeaf, elements: &[u8]) -> Result<Vec<[u8; 32]>, EvaluationRefusal> {
    let elements = unpack(elements).ok_or(EvaluationRefusal::Malformed)?;
    let is_counted = SIZE_CLASSES.contains(&elements.len()) && leaf.covers(&elements);
    if is_counted { Ok(elements) } else { Err(EvaluationRefusal::NotCounted) }
}

/// Answers what was evaluated, if the member may still have it: meanwhile the roster or the epoch may be another.
pub(crate) fn finish(cx: &Context<'_>, material: &KeyMaterial, done: EvaluationDone, fx: &mut Effects<'_>) {
    let EvaluationDone { from, token, key_set, outcome } = done;
    match share_for(cx, material, &from, &key_set).and(outcome) {
        Ok(Evaluation { elements, proof }) => {
            let response = EvaluationResponse::Evaluated { elements: pack(&elements), proof };
            fx.respond(token, cbor::to_vec(&response));
        }
        Err(reason) => refuse(token, reason, fx),
    }
}

/// The share of the key that a member may have its elements evaluated with.
fn share_for<'a>(
    cx: &Context<'_>,
    material: &'a KeyMaterial,
    from: &Oin,
    key_set: &KeySetName,
) -> Result<&'a KeyShare, EvaluationRefusal> {
    let KeyId { epoch, class } = material.find(&key_set.digest).ok_or(EvaluationRefusal::UnknownKeySet)?;
    if (epoch, class) != (key_set.epoch, key_set.class) {
        return Err(EvaluationRefusal::UnknownKeySet);
    }
    let member = cx.roster.member(from).ok_or(EvaluationRefusal::NotEntitled)?;
    if class == KeyClass::Bsn && !member.bsn_entitled {
        return Err(EvaluationRefusal::NotEntitled);
    }
    if !cx.epochs.is_evaluated(epoch, class) {
        return Err(EvaluationRefusal::UnknownKeySet);
    }
    material.share(epoch, class).ok_or(EvaluationRefusal::NoShare)
}

pub(crate) fn refuse(token: ResponseToken, reason: EvaluationRefusal, fx: &mut Effects<'_>) {
    match reason {
        EvaluationRefusal::Malformed => fx.refused.malformed_frames += 1,
        EvaluationRefusal::NotEntitled
        | EvaluationRefusal::NotCounted
        | EvaluationRefusal::OverQuota { .. }
        | EvaluationRefusal::TwoLogs
        | EvaluationRefusal::NoLogKey => fx.refused.not_allowed += 1,
        // Epochs and ceremonies pass at different moments at different members, and leaves reach keyholders as they are
        // asked.
        EvaluationRefusal::UnknownKeySet | EvaluationRefusal::NoShare | EvaluationRefusal::Missing { .. } => {
        }
    }
    fx.respond(token, cbor::to_vec(&EvaluationResponse::Refused { reason }));
}
