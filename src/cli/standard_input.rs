//! Standard input under all its names: `-`, its file descriptor, and the paths by which a system gives
//! that. Whoever takes it under one name takes it from those who use another.

use std::path::Path;

/// The file descriptor of standard input.
const NUMBER: i32 = 0;

/// Whether a path that a flag names is standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-" || descriptor(path) == Some(NUMBER)
}

/// Whether a file descriptor that a flag names is standard input.
pub(super) fn is_stdin_descriptor(number: i32) -> bool {
    number == NUMBER
}

/// The file descriptor of this process that a path stands for, such as 3 for `/dev/fd/3`.
pub(super) fn descriptor(path: &Path) -> Option<i32> {
    if path == Path::new("/dev/stdin") {
        return Some(NUMBER);
    }
    let folders = ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"];
    let name = folders.iter().find_map(|folder| path.strip_prefix(folder).ok())?;
    name.to_str()?.parse().ok().filter(|number| *number >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_has_many_names() {
        for name in
            ["-", "/dev/stdin", "/dev//stdin", "/dev/fd/0", "/proc/self/fd/0", "/proc/self/fd/00"]
        {
            assert!(is_stdin(Path::new(name)), "{name}");
        }
        for name in ["./-", "stdin", "/dev/fd/3", "/dev/fd", "/dev/fd/-0x", "/dev/stdout", ""] {
            assert!(!is_stdin(Path::new(name)), "{name}");
        }
        assert_eq!(descriptor(Path::new("/dev/fd/3")), Some(3));
        assert_eq!(descriptor(Path::new("/dev/fd/-3")), None);
    }
}
