# Promises that take minutes and thousands of connections, on the release binary (Tests/Soak); all options go there.
run_soak() {
    build_release
    quietly swift build -c release --static-swift-stdlib --product fanout-soak
    # Two sockets a connection, on both sides of the proxy.
    ulimit -n "$(ulimit -Hn)" 2>/dev/null || true
    .build/release/fanout-soak "$@"
}
