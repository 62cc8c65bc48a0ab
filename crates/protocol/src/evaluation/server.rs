//! The keyholder's side.

use crypto::{Seed, cbor};
use domain::{KeyClass, Oin};

use super::message::{EvaluationRefusal, EvaluationRequest, EvaluationResponse, pack, unpack};
use crate::ResponseToken;
use crate::ceremony::{KeyId, KeyMaterial};
use crate::effects::{Context, Effects};

/// Evaluates what a member sends, or says why not.
pub(crate) fn answer(
    cx: &Context<'_>,
    material: &KeyMaterial,
    from: Oin,
    token: ResponseToken,
    frame: &[u8],
    seed: &Seed,
    fx: &mut Effects<'_>,
) {
    let response = match evaluate(cx, material, from, frame, seed) {
        Ok(response) => response,
        Err(reason) => {
            match reason {
                EvaluationRefusal::Malformed => fx.refused.malformed_frames += 1,
                EvaluationRefusal::NotEntitled => fx.refused.not_allowed += 1,
                // Epochs and ceremonies pass at different moments at different members.
                EvaluationRefusal::UnknownKeySet | EvaluationRefusal::NoShare => {}
            }
            EvaluationResponse::Refused { reason }
        }
    };
    fx.respond(token, cbor::to_vec(&response));
}

fn evaluate(
    cx: &Context<'_>,
    material: &KeyMaterial,
    from: Oin,
    frame: &[u8],
    seed: &Seed,
) -> Result<EvaluationResponse, EvaluationRefusal> {
    let request: EvaluationRequest = cbor::from_slice(frame).map_err(|_| EvaluationRefusal::Malformed)?;
    let elements = unpack(&request.elements).ok_or(EvaluationRefusal::Malformed)?;
    let key = material.find(&request.key_set).ok_or(EvaluationRefusal::UnknownKeySet)?;
    let KeyId { epoch, class } = key;
    let member = cx.roster.member(&from).ok_or(EvaluationRefusal::NotEntitled)?;
    if class == KeyClass::Bsn && !member.bsn_entitled {
        return Err(EvaluationRefusal::NotEntitled);
    }
    if !cx.epochs.is_evaluated(epoch, class) {
        return Err(EvaluationRefusal::UnknownKeySet);
    }
    let share = material.share(epoch, class).ok_or(EvaluationRefusal::NoShare)?;
    let evaluation = share.evaluate(&elements, seed).map_err(|_| EvaluationRefusal::Malformed)?;
    Ok(EvaluationResponse::Evaluated { elements: pack(&evaluation.elements), proof: evaluation.proof })
}
