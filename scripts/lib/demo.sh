# Redis behind Fanout behind the Nomad double: what a person wants to see in the first minute.

demo_pids=()
demo_folder=""

run_demo() {
    local keep=false
    case "${1:-}" in
        "") ;;
        --keep) keep=true ;;
        *) die "demo: no option '$1'; there is --keep" ;;
    esac
    install_packages "${demo_packages[@]}"
    build_release
    quietly swift build -c release --static-swift-stdlib --product nomad-double
    demo_folder=$(mktemp -d)
    trap demo_end EXIT
    trap 'exit 130' INT TERM
    local double=.build/release/nomad-double secrets="$demo_folder/secrets"
    mkdir -p "$secrets"

    say "three Redis servers, and one more that joins later"
    local ports=() port
    for _ in 1 2 3 4; do
        port=$(demo_free_port "${ports[@]}")
        ports+=("$port")
        demo_start "redis-$port" redis-server --port "$port" --bind 127.0.0.1 --save "" --appendonly no
    done
    for port in "${ports[@]}"; do demo_wait "Redis on $port" redis-cli -p "$port" ping; done

    say "the Nomad double with its task API at $secrets/api.sock"
    demo_start nomad "$double" serve --socket "$secrets/api.sock" --token-file "$secrets/nomad_token" \
        --control "$demo_folder/control.sock"
    demo_wait "the Nomad double" "$double" ctl --control "$demo_folder/control.sock" list
    local index
    for index in 0 1 2; do demo_ctl add redis "127.0.0.1:${ports[$index]}" >/dev/null; done

    local listen
    listen=$(demo_free_port "${ports[@]}")
    say "fanout --service redis --listen-address 127.0.0.1:$listen"
    NOMAD_SECRETS_DIR="$secrets" demo_start fanout .build/release/fanout \
        --service redis --listen-address "127.0.0.1:$listen"
    demo_wait "Fanout" redis-cli -p "$listen" ping

    say "redis-benchmark through it, while one server joins and one leaves"
    redis-benchmark -p "$listen" -c 50 -n 400000 -r 100000 -t set,get --csv >"$demo_folder/benchmark" 2>"$demo_folder/errors" &
    local benchmark=$!
    sleep 1
    local joined left
    joined=$(demo_change "$listen" "added" demo_ctl add redis "127.0.0.1:${ports[3]}")
    sleep 1
    left=$(demo_change "$listen" "removed" demo_ctl remove "127.0.0.1:${ports[0]}")
    local failed=0
    wait "$benchmark" || failed=1
    # A second run opens its connections anew: over the servers that are registered now.
    redis-benchmark -p "$listen" -c 50 -n 100000 -t get --csv >>"$demo_folder/benchmark" 2>>"$demo_folder/errors" || failed=1

    echo
    demo_table "$demo_folder/benchmark"
    echo
    printf '%-24s %12s %12s\n' "endpoint" "connections" "commands"
    for port in "${ports[@]}"; do
        printf '%-24s %12s %12s\n' "127.0.0.1:$port" \
            "$(grep -c "endpoint=127.0.0.1:$port " "$demo_folder/fanout.out" || true)" \
            "$(redis-cli -p "$port" info stats | tr -d '\r' | sed -n 's/^total_commands_processed://p')"
    done
    local errors
    errors=$(grep -ciE 'error|reset|refused' "$demo_folder/errors" || true)
    [ "$failed" = 0 ] || errors=$((errors + 1))
    echo
    echo "127.0.0.1:${ports[3]} joined: known after $joined ms     127.0.0.1:${ports[0]} left: known after $left ms"
    echo "connections: $(grep -c ' close=' "$demo_folder/fanout.out"), of which not ended cleanly:" \
        "$(grep -cvE 'close=(client|upstream)_fin' "$demo_folder/fanout.out" || true)"
    echo "errors: $errors"

    if $keep; then demo_keep "$listen" "$secrets"; fi
    say "draining (SIGQUIT)"
    local fanout=${demo_pids[-1]}
    kill -QUIT "$fanout"
    local code=0
    wait "$fanout" || code=$?
    echo "fanout: exit code $code"
    [ "$errors" = 0 ] && [ "$code" = 0 ]
}

# demo_start NAME COMMAND...: in the background, its output in the demo's folder.
demo_start() {
    local name=$1
    shift
    "$@" >"$demo_folder/$name.out" 2>"$demo_folder/$name.log" &
    demo_pids+=($!)
}

# demo_wait WHAT COMMAND...: until the command succeeds, 10 seconds at most.
demo_wait() {
    local what=$1 try
    shift
    for try in $(seq 200); do
        timeout 2 "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    cat "$demo_folder"/*.log >&2
    die "$what did not start"
}

demo_ctl() { .build/release/nomad-double ctl --control "$demo_folder/control.sock" "$@"; }

# demo_change LISTEN WORD COMMAND...: runs the command, and prints after how many milliseconds Fanout's log has one
# more line "endpoints changed" with that word.
demo_change() {
    local word=$2 before started
    shift 2
    before=$(grep -c "endpoints changed.* $word=" "$demo_folder/fanout.log" || true)
    started=$(date +%s%N)
    "$@" >/dev/null
    while [ "$(grep -c "endpoints changed.* $word=" "$demo_folder/fanout.log" || true)" = "$before" ]; do
        [ $(($(date +%s%N) - started)) -lt 10000000000 ] || { echo "more than 10000"; return; }
    done
    echo $((($(date +%s%N) - started) / 1000000))
}

# demo_table FILE: redis-benchmark's CSV as a table.
demo_table() {
    awk -F'","' '
        NR == 1 { printf "%-10s %14s %10s %10s\n", "command", "requests/s", "p50 ms", "p99 ms" }
        { gsub(/"/, "") }
        $0 !~ /^test,/ { split($0, f, ","); printf "%-10s %14s %10s %10s\n", f[1], f[2], f[5], f[7] }
    ' "$1"
}

# demo_free_port TAKEN...: a port that nobody listens on and that is not in the list.
demo_free_port() {
    local port
    while true; do
        port=$((20000 + RANDOM % 10000))
        case " $* " in *" $port "*) continue ;; esac
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

demo_keep() {
    cat <<TEXT

It keeps running until Ctrl-C. To play with it:
  redis-cli -p $1
  .build/release/nomad-double ctl --control $demo_folder/control.sock list
  .build/release/nomad-double ctl --control $demo_folder/control.sock add redis 127.0.0.1:PORT
  .build/release/nomad-double ctl --control $demo_folder/control.sock help
  tail -f $demo_folder/fanout.out          the access log
  tail -f $demo_folder/fanout.log          the log
TEXT
    while kill -0 "${demo_pids[-1]}" 2>/dev/null; do sleep 1; done
}

demo_end() {
    local pid
    for pid in "${demo_pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$demo_folder"
}
