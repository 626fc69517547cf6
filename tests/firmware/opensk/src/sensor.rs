//! The fingerprint sensor.

use crate::board::Board;
use crate::clock::span;
use firmware_contract::control::Finger;
use opensk::api::fingerprint::{
    Ctap2EnrollFeedback, Fingerprint, FingerprintCheckError, FingerprintKind,
};
use opensk::ctap::status_code::{Ctap2StatusCode, CtapResult};
use rand_core::RngCore;

/// How many good samples make a template.
const SAMPLES: usize = 3;

/// How many templates the sensor holds.
const TEMPLATES: usize = 5;

/// How long, in milliseconds, a sample is waited for when the host does not say.
const SAMPLE_LIMIT: usize = 10_000;

/// A touch sensor; what it keeps is in the key's memory.
#[derive(Default)]
pub struct Sensor {
    enrolment: Option<Enrolment>,
}

/// A template that is being made.
#[derive(Clone, Copy)]
struct Enrolment {
    /// Named from the first sample on: a host uses the ID that it is given at the beginning.
    id: u32,
    missing_samples: usize,
}

impl Board {
    fn finger(&self, limit: usize) -> Option<Finger> {
        self.port.finger(span(limit))
    }
}

fn say_that_it_waits() {
    eprintln!("waiting for a finger");
}

impl Fingerprint for Board {
    fn prepare_enrollment(&mut self) -> CtapResult<()> {
        if self.memory.templates().len() >= TEMPLATES {
            return Err(Ctap2StatusCode::CTAP2_ERR_FP_DATABASE_FULL);
        }
        let id = self.randomness.next_u32();
        self.sensor.enrolment = Some(Enrolment { id, missing_samples: SAMPLES });
        Ok(())
    }

    fn capture_sample(
        &mut self,
        limit: Option<usize>,
    ) -> CtapResult<(Ctap2EnrollFeedback, usize, Option<Vec<u8>>)> {
        let Some(Enrolment { id, mut missing_samples }) = self.sensor.enrolment else {
            return Err(Ctap2StatusCode::CTAP2_ERR_VENDOR_INTERNAL_ERROR);
        };
        say_that_it_waits();
        let feedback = match self.finger(limit.unwrap_or(SAMPLE_LIMIT)) {
            None => Ctap2EnrollFeedback::NoUserActivity,
            Some(Finger::Wrong) => Ctap2EnrollFeedback::FpPoorQuality,
            Some(Finger::Good) => {
                missing_samples -= 1;
                Ctap2EnrollFeedback::FpGood
            }
        };
        if missing_samples == 0 {
            self.sensor.enrolment = None;
            self.memory.change_templates(|templates| {
                templates.insert(id);
            });
        } else {
            self.sensor.enrolment = Some(Enrolment { id, missing_samples });
        }
        Ok((feedback, missing_samples, Some(id.to_be_bytes().to_vec())))
    }

    fn cancel_enrollment(&mut self) -> CtapResult<()> {
        self.sensor.enrolment = None;
        Ok(())
    }

    fn remove_enrollment(&mut self, template_id: &[u8]) -> CtapResult<()> {
        let id = template_id.try_into().map(u32::from_be_bytes);
        let id = id.map_err(|_| Ctap2StatusCode::CTAP2_ERR_INVALID_OPTION)?;
        self.memory.change_templates(|templates| {
            templates.remove(&id);
        });
        Ok(())
    }

    fn check_fingerprint_init(&mut self) -> CtapResult<()> {
        say_that_it_waits();
        Ok(())
    }

    fn check_fingerprint(&mut self, limit: usize) -> Result<(), FingerprintCheckError> {
        match self.finger(limit) {
            None => Err(FingerprintCheckError::Timeout),
            Some(Finger::Good) if !self.memory.templates().is_empty() => Ok(()),
            Some(_) => Err(FingerprintCheckError::NoMatch),
        }
    }

    fn check_fingerprint_complete(&mut self) -> CtapResult<()> {
        Ok(())
    }

    fn fingerprint_kind(&self) -> FingerprintKind {
        FingerprintKind::Touch
    }

    fn max_capture_samples_required_for_enroll(&self) -> usize {
        SAMPLES
    }
}
