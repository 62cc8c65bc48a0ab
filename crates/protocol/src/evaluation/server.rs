//! The keyholder's side: what is asked is checked, evaluated outside of the state machine, checked again and answered.

use crypto::{Digest, Evaluation, KeyShare, cbor};
use domain::{KeyClass, Oin};

use super::message::{EvaluationRefusal, EvaluationRequest, EvaluationResponse, pack, unpack};
use super::task::{EvaluationDone, EvaluationTask};
use crate::ceremony::{KeyId, KeyMaterial};
use crate::effects::{Context, Effects};
use crate::{Outbound, ResponseToken};

/// Has evaluated what a member sends, or says why not. `seed` is of this request alone.
pub(crate) fn begin(
    cx: &Context<'_>,
    material: &KeyMaterial,
    (from, token): (Oin, ResponseToken),
    frame: &[u8],
    seed: crypto::Seed,
    fx: &mut Effects<'_>,
) {
    let task = || -> Result<EvaluationTask, EvaluationRefusal> {
        let request: EvaluationRequest = cbor::from_slice(frame).map_err(|_| EvaluationRefusal::Malformed)?;
        let elements = unpack(&request.elements).ok_or(EvaluationRefusal::Malformed)?;
        let share = share_for(cx, material, &from, &request.key_set)?.clone();
        Ok(EvaluationTask { from, token, key_set: request.key_set, share, elements, seed })
    };
    match task() {
        Ok(task) => fx.say(Outbound::Evaluate(Box::new(task))),
        Err(reason) => refuse(token, reason, fx),
    }
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
    key_set: &Digest,
) -> Result<&'a KeyShare, EvaluationRefusal> {
    let KeyId { epoch, class } = material.find(key_set).ok_or(EvaluationRefusal::UnknownKeySet)?;
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
        EvaluationRefusal::NotEntitled | EvaluationRefusal::Forked => fx.refused.not_allowed += 1,
        // Epochs and ceremonies pass at different moments at different members.
        EvaluationRefusal::UnknownKeySet | EvaluationRefusal::NoShare => {}
    }
    fx.respond(token, cbor::to_vec(&EvaluationResponse::Refused { reason }));
}
