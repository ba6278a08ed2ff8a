# The real thing: an agent in development mode, Redis as a service, and Fanout as a task with a workload identity. Neither
# Debian nor PyPI has Nomad, so it is skipped where there is none.
. scripts/lib/demo.sh

smoke_port=""

run_smoke-nomad() {
    [ $# = 0 ] || die "smoke-nomad: no option '$1'"
    if ! command -v nomad >/dev/null; then
        echo "SKIPPED: smoke-nomad needs nomad on PATH (1.5 or later), and there is none; nothing was tested"
        return
    fi
    [ "$(id -u)" = 0 ] || die "smoke-nomad: an agent that runs raw_exec tasks needs root"
    install_packages jq redis-server redis-tools
    build_release
    demo_folder=$(mktemp -d)
    trap smoke_end EXIT
    trap 'exit 130' INT TERM
    smoke_agent
    smoke_job
    say "a client through the sidecar"
    smoke_wait "an answer of Redis" smoke_ping
    smoke_scale
    smoke_doctor
    smoke_drain
    echo "smoke-nomad: passed on $(nomad version | head -n 1)"
}

# smoke_agent: server and client in one process, on ports of its own, with its state in the demo's folder.
smoke_agent() {
    local http rpc serf
    http=$(demo_free_port)
    rpc=$(demo_free_port "$http")
    serf=$(demo_free_port "$http" "$rpc")
    cat >"$demo_folder/agent.hcl" <<TEXT
ports {
  http = $http
  rpc  = $rpc
  serf = $serf
}

plugin "raw_exec" {
  config {
    enabled = true
  }
}
TEXT
    export NOMAD_ADDR=http://127.0.0.1:$http
    unset NOMAD_TOKEN NOMAD_NAMESPACE NOMAD_REGION
    say "nomad agent -dev on $NOMAD_ADDR"
    # In the default place for its state: the path of a task's API socket may have 107 bytes.
    demo_start agent nomad agent -dev -bind 127.0.0.1 -config "$demo_folder/agent.hcl"
    smoke_wait "a ready node" smoke_node_is_ready
}

smoke_node_is_ready() {
    [ "$(nomad node status -json 2>/dev/null | jq -r '[.[] | select(.Status == "ready")] | length')" = 1 ]
}

smoke_job() {
    smoke_port=$(demo_free_port)
    cat >"$demo_folder/smoke.nomad.hcl" <<TEXT
job "smoke" {
  group "servers" {
    network {
      port "redis" {}
    }

    service {
      name     = "redis"
      port     = "redis"
      provider = "nomad"
    }

    task "redis" {
      driver = "raw_exec"

      config {
        command = "$(command -v redis-server)"
        args    = ["--port", "\${NOMAD_PORT_redis}", "--bind", "127.0.0.1", "--save", ""]
      }

      resources {
        cpu    = 50
        memory = 64
      }
    }
  }

  group "application" {
    task "fanout" {
      driver = "raw_exec"

      config {
        command = "$root/.build/release/fanout"
        args    = ["--service", "redis", "--listen-address", "127.0.0.1:$smoke_port"]
      }

      identity {
        file = true
      }

      kill_signal  = "SIGQUIT"
      kill_timeout = "30s"

      resources {
        cpu    = 50
        memory = 64
      }
    }
  }
}
TEXT
    say "nomad job run smoke.nomad.hcl"
    nomad job run -detach "$demo_folder/smoke.nomad.hcl" >/dev/null
}

smoke_ping() { [ "$(redis-cli -p "$smoke_port" ping 2>/dev/null)" = PONG ]; }

# smoke_scale: a second server is found without a restart, and both get clients.
smoke_scale() {
    say "nomad job scale smoke servers 2"
    nomad job scale -detach smoke servers 2 >/dev/null
    smoke_wait "clients on both servers" smoke_both_serve
}

smoke_both_serve() {
    for _ in $(seq 20); do redis-cli -p "$smoke_port" info server | tr -d '\r' | grep '^tcp_port:'; done | sort -u |
        grep -c . | grep -qx 2
}

# smoke_doctor: in the task, with its own environment, it has nothing but a taken address to say.
smoke_doctor() {
    say "fanout doctor in the task"
    nomad alloc exec -i=false -t=false -task fanout "$(smoke_allocation)" "$root/.build/release/fanout" doctor \
        --service redis --listen-address "127.0.0.1:$smoke_port" | tee "$demo_folder/doctor"
    grep -q '^ok .* service .*redis in namespace default: 2 endpoints' "$demo_folder/doctor" ||
        die "smoke-nomad: the doctor does not know both servers"
}

smoke_allocation() {
    nomad job allocs -json smoke | jq -r '[.[] | select(.TaskGroup == "application")] | sort_by(.CreateIndex) | last | .ID'
}

# smoke_drain: a stopped job drains its sidecar, which ends with 0.
smoke_drain() {
    local allocation
    allocation=$(smoke_allocation)
    say "nomad job stop smoke"
    nomad job stop -detach smoke >/dev/null
    smoke_wait "the end of the sidecar" smoke_has_ended "$allocation"
    local code
    code=$(nomad alloc status -json "$allocation" |
        jq -r '[.TaskStates.fanout.Events[] | select(.Type == "Terminated")] | last | .ExitCode')
    [ "$code" = 0 ] || die "smoke-nomad: the sidecar ended with $code"
}

smoke_has_ended() { [ "$(nomad alloc status -json "$1" | jq -r .TaskStates.fanout.State)" = dead ]; }

# smoke_wait WHAT COMMAND...: until it succeeds, one minute at most.
smoke_wait() {
    local what=$1
    shift
    for _ in $(seq 240); do
        "$@" && return
        sleep 0.25
    done
    tail -n 40 "$demo_folder"/*.log >&2
    nomad job status smoke >&2 || true
    die "smoke-nomad: no $what within a minute"
}

# smoke_end: the tasks first, which a stopped agent would leave running.
smoke_end() {
    if [ -n "$smoke_port" ] && nomad job stop -detach smoke >/dev/null 2>&1; then
        for _ in $(seq 120); do
            [ "$(nomad job allocs -json smoke | jq '[.[] | select(.ClientStatus == "running")] | length')" = 0 ] && break
            sleep 0.25
        done
    fi
    demo_end
}
