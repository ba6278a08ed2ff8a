# tested OPTION...: swift test; what failed is said once more behind the thousands of lines of what passed, or the last line
# before a crash.
tested() {
    local code=0
    # One test at a time: many start processes and load them, and would only starve each other.
    swift test --no-parallel "$@" | tee "$scratch/test.log" || code=$?
    if [ $code != 0 ]; then
        say "what failed"
        awk '/^(◇|✔|✘)/ { told = /recorded an issue/ } /^✘/ || told { said = 1; print }
            { last = $0 } END { if (!said) print last }' "$scratch/test.log"
    fi
    return $code
}

run_test() {
    local sanitize="" driver="" options=()
    while [ $# -gt 0 ]; do
        case "$1" in
            --sanitize)
                sanitize=${2:-}
                case "$sanitize" in
                    thread | address) shift 2 ;;
                    *) die "--sanitize takes thread or address" ;;
                esac
                ;;
            --driver)
                driver=${2:-}
                case "$driver" in
                    io_uring | epoll) shift 2 ;;
                    *) die "--driver takes io_uring or epoll" ;;
                esac
                ;;
            --filter)
                [ -n "${2:-}" ] || die "--filter takes a name"
                options+=(--filter "$2")
                shift 2
                ;;
            *) die "test: no option '$1'; there are --sanitize, --driver and --filter" ;;
        esac
    done
    require_swift
    install_packages "${build_packages[@]}" "${test_packages[@]}"
    # Two sockets a connection, on both sides of the proxy.
    ulimit -n "$(ulimit -Hn)" 2>/dev/null || true
    if [ -n "$sanitize" ]; then
        options+=(--sanitize "$sanitize" --scratch-path ".build-$sanitize")
    fi
    say "building and testing${sanitize:+ with the $sanitize sanitizer} (the first time takes some minutes)"
    # Foundation's Process and Pipe leak in the runner; the proxy itself is checked for leaks (FanoutProcess).
    [ "$sanitize" != address ] || export ASAN_OPTIONS=detect_leaks=0
    make_scratch
    FANOUT_TEST_DRIVER=$driver tested "${options[@]}" || return
    # The binary itself on the other driver too; units and the driver contract have run on both.
    if [ -z "$driver" ] && [[ " ${options[*]} " != *" --filter "* ]]; then
        say "the built binary on epoll"
        FANOUT_TEST_DRIVER=epoll tested --skip-build "${options[@]}" --filter EndToEndTests
    fi
}
