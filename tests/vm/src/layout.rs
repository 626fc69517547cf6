//! Where things are in the virtual machine: what `lab` puts there and `stage` finds, and back.
//!
//! The kernel starts the stage as `/init`; nothing is mounted then. `/bin`, `/sbin`, `/lib` and
//! `/lib64` are links into `/usr`. Nothing survives the machine but the archive that the stage sends.

/// The stage itself, which the kernel starts.
pub const INIT: &str = "/init";

/// The job file.
pub const JOB: &str = "/lab/job";

/// The kernel modules to load, one path a line, in this order. They are not compressed.
pub const MODULES: &str = "/lab/modules";

/// `fidokey` itself.
pub const FIDOKEY: &str = "/usr/bin/fidokey";

/// What commands find as `fidokey` first: a link to the stage, which has the program keep a trace.
pub const TRACED_FIDOKEY: &str = "/usr/local/bin/fidokey";

/// The line of the step that is being played, for the names of traces.
pub const LINE: &str = "/run/line";

/// The firmwares' programs, by [`crate::job::Firmware::program`].
pub const FIRMWARE: &str = "/lab/firmware";

/// The repository's `udev` folder and what the job brings, by their paths in the repository. Root
/// commands run here.
pub const PROJECT: &str = "/project";

/// The name of the virtio-serial port that takes the results, an uncompressed tar archive; see
/// `/sys/class/virtio-ports/*/name`. After it the stage reboots, which ends the machine.
pub const RESULTS_PORT: &str = "lab.results";

/// In the archive: the steps as played, in the format of the job file. Always there.
pub const TRANSCRIPT: &str = "transcript";

/// In the archive: the kernel's log.
pub const KERNEL_LOG: &str = "kernel.log";

/// In the archive: udev's database as it was at the end, like `udevadm info --export-db`.
pub const UDEV: &str = "udev.txt";

/// In the archive: packets of each key, `traffic/KEY`.
pub const TRAFFIC: &str = "traffic";

/// In the archive: what each key's firmware logged, `firmware/KEY`.
pub const FIRMWARE_LOGS: &str = "firmware";

/// In the archive: what each run of `fidokey` said to keys, `traces/line-LINE-PROCESS.jsonl`, and what
/// else commands traced; in the machine the folder [`TRACE_FOLDER`], which every user may write to.
pub const TRACES: &str = "traces";

/// In the machine: where traces are put.
pub const TRACE_FOLDER: &str = "/lab/traces";
