# Three Redis servers, and an application that reaches them as 127.0.0.1:6379 through its Fanout sidecar.
#
#   nomad job run redis.nomad.hcl
#
# The image fanout:0.1.0 is made by `scripts/fanout image`; give the client contrib/seccomp/fanout.json under
# /etc/nomad.d/fanout-seccomp.json, or leave `security_opt` out: Fanout then works on epoll, and says so in its log.

job "redis" {
  group "servers" {
    count = 3

    network {
      port "redis" {}
    }

    service {
      name     = "redis"
      port     = "redis"
      provider = "nomad" # not Consul, which is the default
    }

    task "redis" {
      driver = "docker"

      config {
        image        = "redis:7"
        args         = ["--port", "${NOMAD_PORT_redis}"]
        network_mode = "host"
      }

      # Deregistered first, stopped two seconds later: nobody is sent to a server that is going.
      shutdown_delay = "2s"

      resources {
        cpu    = 200
        memory = 128
      }
    }
  }

  group "application" {
    # All tasks of the group share one network namespace, so 127.0.0.1 is the sidecar's too.
    network {
      mode = "bridge"
    }

    task "fanout" {
      # Before the application and beside it, and stopped after it.
      lifecycle {
        hook    = "prestart"
        sidecar = true
      }

      driver = "docker"

      config {
        image        = "fanout:0.1.0"
        security_opt = ["seccomp=/etc/nomad.d/fanout-seccomp.json"]

        args = [
          "--service", "redis",
          "--listen-address", "127.0.0.1:6379",

          # Readiness, metrics and state for the tasks of this group alone, who share its network namespace:
          #   nomad alloc exec -task fanout ALLOC /fanout top --admin-address 127.0.0.1:9102
          "--admin-address", "127.0.0.1:9102",
        ]

        ulimit {
          nofile = "65536:65536"
        }
      }

      # The token for the task API, in secrets/nomad_token. It needs no ACL policy.
      identity {
        file = true
      }

      kill_signal  = "SIGQUIT" # drain
      kill_timeout = "30s"     # longer than --drain-timeout (25s)

      resources {
        cpu    = 100
        memory = 64
      }
    }

    # Nomad starts the application when this has ended: when Fanout listens, and Nomad has told it where Redis is. Leave it
    # out where the application may wait for its first answer: early clients are held, not refused.
    task "wait" {
      lifecycle {
        hook = "prestart"
      }

      driver = "docker"

      config {
        image = "fanout:0.1.0"
        args  = ["wait", "--admin-address", "127.0.0.1:9102", "--timeout", "1m"]
      }

      resources {
        cpu    = 50
        memory = 32
      }
    }

    task "application" {
      driver = "docker"

      config {
        image   = "redis:7"
        command = "redis-cli"
        args    = ["-h", "127.0.0.1", "-r", "-1", "-i", "1", "incr", "visits"]
      }

      resources {
        cpu    = 100
        memory = 32
      }
    }
  }
}
