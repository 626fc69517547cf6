//! The `fidokey` binary: hands the process to [`fidokey::cli`].

fn main() -> std::process::ExitCode {
    fidokey::cli::main()
}
