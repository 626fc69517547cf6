# For the scripts that set a part of the tests up; sourced, not run. Each of them sets `name`, which stands
# before what it says, and defines `missing_packages`, which prints the Debian packages that are missing.

say() { echo "$name: $*" >&2; }

# Installs what is missing, on Debian and its relatives, as root. Elsewhere the script names it and ends
# with 3: what needs it is not run. The argument says in words what that may be.
install_missing_packages() {
    local missing
    missing=$(missing_packages | xargs)
    if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        # What there is to choose from may show only now.
        missing=$(missing_packages | xargs)
        say "installing the Debian packages $missing"
        # shellcheck disable=SC2086  # a list of names
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
        missing=$(missing_packages | xargs)
    fi
    if [ -n "$missing" ]; then
        say "missing: $1; on Debian: apt-get install --no-install-recommends $missing"
        exit 3
    fi
}
