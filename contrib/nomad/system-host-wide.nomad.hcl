# One Fanout a machine in place of one a group: for tasks in host networking, for raw_exec, and for programs that Nomad
# does not run. Everybody on the machine can connect to it, so this is no place for services that trust their network.

job "fanout" {
  type = "system"

  update {
    # One machine after the other; while one restarts, new connections on it are refused, and its clients try again.
    max_parallel = 1
    stagger      = "30s"
  }

  group "fanout" {
    # Host networking: 127.0.0.1 is the machine's.
    network {
      mode = "host"
    }

    task "fanout" {
      # exec knows no seccomp profile, so io_uring works without more.
      driver = "exec"

      config {
        command = "local/fanout"

        args = [
          "--forward", "127.0.0.1:6379=redis",
          "--forward", "127.0.0.1:5432=postgres@data",

          # For the whole machine. Two descriptors a connection: exec tasks have as many as the agent (LimitNOFILE in its
          # systemd unit).
          "--workers", "2",
          "--max-connections", "8000",

          # Of the machine: for the Prometheus agent on it, and for everybody else on it too.
          "--admin-address", "127.0.0.1:9102",
        ]
      }

      # The binary from where you keep such things.
      artifact {
        source      = "https://artifacts.example.net/fanout-0.1.0"
        destination = "local/fanout"
        mode        = "file"
      }

      identity {
        file = true
      }

      kill_signal  = "SIGQUIT"
      kill_timeout = "30s"

      resources {
        cpu    = 1000
        memory = 512
      }
    }
  }
}
