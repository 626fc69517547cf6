//! A laboratory for `fidokey`: a virtual machine with a real Linux kernel, real udev rules and keys
//! that are plugged in and pulled out, where commands run as an ordinary user.
//!
//! Two programs share this library. `lab` runs on the host: it makes the machine's image, starts one
//! machine for each job, and compares what happened with what the job file says. `stage` runs in the
//! machine: it is started by the kernel, plays the job, and writes down what happened.
//!
//! - [`job`]: the job file, which both read; and the record of a run, in the same format.
//! - [`layout`]: where things are in the machine.
//! - [`stage`]: what runs in the machine.
//! - [`lab`]: the program on the host.
//! - [`desk`]: plays jobs without a machine: on the host, with keys of a test bed or a key at hand.

pub mod desk;
pub mod job;
pub mod lab;
pub mod layout;
pub mod stage;
