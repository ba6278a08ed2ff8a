# Shared by the commands of scripts/fanout.
. scripts/lib/version.sh

# What the build needs beside Swift, and what tests and demo talk to.
build_packages=(liburing-dev)
test_packages=(redis-server redis-tools postgresql postgresql-contrib netcat-openbsd procps prometheus)
demo_packages=(redis-server redis-tools procps)
bench_packages=(procps util-linux iproute2)
gates_packages=(binutils python3 strace valgrind)

say() { printf '\033[1m%s\033[0m\n' "$*"; }

die() {
    echo "scripts/fanout: $*" >&2
    exit 1
}

require_swift() {
    command -v swift >/dev/null || die "no swift on PATH; install Swift 6.3 from https://swift.org/install"
}

# install_packages NAME...: those Debian packages that are missing. Their services are not started.
install_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || die "needs the packages ${missing[*]}; this is no Debian, install them by hand"
    local sudo=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "needs the packages ${missing[*]}: run as root, or install sudo"
        sudo=(sudo)
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# make_scratch: a folder that goes at the end, however that comes; its name is in $scratch.
scratch=""
make_scratch() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
}

# build_release: the binary that users run, with Swift's libraries inside.
build_release() {
    require_swift
    install_packages "${build_packages[@]}"
    say "building the release (the first time takes some minutes)"
    FANOUT_COMMIT=$(commit) quietly swift build -c release --static-swift-stdlib --product fanout
}

# build_static: the same with glibc inside too, so that it needs nothing but a kernel: .build-static/fanout, stripped.
build_static() {
    require_swift
    install_packages "${build_packages[@]}" binutils
    say "building the static release (the first time takes some minutes)"
    FANOUT_COMMIT=$(commit) quietly swift build -c release -Xswiftc -static-executable --scratch-path .build-static --product fanout
    strip -s .build-static/release/fanout -o .build-static/fanout
}

# quietly COMMAND...: shows the output only if the command fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        die "failed: $*"
    fi
    rm -f "$log"
}
