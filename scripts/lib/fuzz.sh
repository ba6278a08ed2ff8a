# Fuzzing of the control plane with all the time given: the tests of Tests/FuzzTests, and the release binary under traffic.
run_fuzz() {
    local seconds="" seed="" filter=FuzzTests
    while [ $# -gt 0 ]; do
        case "$1" in
            --seconds) seconds=${2:-} ;;
            --seed) seed=${2:-} ;;
            --filter) filter=${2:-} ;;
            *) die "fuzz: no option '$1'; there are --seconds, --seed and --filter" ;;
        esac
        [ -n "${2:-}" ] || die "fuzz: $1 takes a value"
        shift 2
    done
    [[ "$seconds" =~ ^[1-9][0-9]*$ ]] || die "fuzz: how long? --seconds N"
    # A new place every time; the summary and every failure say which.
    seed=${seed:-$((RANDOM << 30 | RANDOM << 15 | RANDOM))}
    [[ "$seed" =~ ^[0-9]+$ ]] || die "fuzz: --seed takes a number"
    build_release
    say "building the tests"
    quietly swift build --build-tests
    say "fuzzing for $seconds s from seed $seed"
    ulimit -n "$(ulimit -Hn)" 2>/dev/null || true
    fuzz_isolated env FANOUT_FUZZ_SECONDS="$seconds" FANOUT_FUZZ_SEED="$seed" \
        FANOUT_FUZZ_BINARY="$root/.build/release/fanout" \
        swift test --skip-build --no-parallel --filter "$filter"
}

# fuzz_isolated COMMAND...: in a network of its own where this user may have one: a mutated address is then nobody's.
fuzz_isolated() {
    if unshare --net ip link set lo up >/dev/null 2>&1; then
        unshare --net bash -c 'ip link set lo up; exec "$@"' fuzz "$@"
    else
        "$@"
    fi
}
