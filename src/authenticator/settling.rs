//! Keys that were plugged in a moment ago: the system lists one at once, and gives its node to the
//! user only when its rules have run.

use super::context::Context;
use super::error::AuthenticatorError;
use crate::transport::{KeyDescription, OpenError};
use std::time::Duration;

/// How long it may take until a key that was just plugged in may be opened.
pub const SETTLING: Duration = Duration::from_secs(3);

/// How often the person's wish to stop is looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// Waits until each of these keys may be opened, or it is clear that it may not: nothing is sent to
/// it. Why not is what opening it then says.
///
/// # Errors
///
/// [`AuthenticatorError::Interrupted`] when the person wants to stop.
pub fn settle(
    keys: &[KeyDescription],
    context: &mut Context<'_>,
) -> Result<(), AuthenticatorError> {
    let until = context.clock.now().saturating_add(SETTLING);
    for key in keys {
        while context.clock.now() < until && is_unsettled(key, context) {
            glance(context)?;
        }
    }
    Ok(())
}

fn is_unsettled(key: &KeyDescription, context: &Context<'_>) -> bool {
    matches!(
        context.bus.open(&key.path),
        Err(OpenError::NoPermission(_)
            | OpenError::NotFound(_)
            | OpenError::InUse { .. }
            | OpenError::Other { .. })
    )
}

/// Lets a moment pass.
///
/// # Errors
///
/// [`AuthenticatorError::Interrupted`] when the person wants to stop.
pub(super) fn glance(context: &mut Context<'_>) -> Result<(), AuthenticatorError> {
    context.bus.wait_for_change(GLANCE);
    if context.interrupt.is_requested() {
        return Err(AuthenticatorError::Interrupted);
    }
    Ok(())
}
