# An application whose connections to PostgreSQL live for hours: pools, LISTEN/NOTIFY, replication.
#
# The database is a job of another namespace, `data`; a workload identity may read the services of all namespaces of its
# region without a policy.

job "invoices" {
  group "invoices" {
    network {
      mode = "bridge"
    }

    task "fanout" {
      lifecycle {
        hook    = "prestart"
        sidecar = true
      }

      driver = "docker"

      config {
        image        = "fanout:0.1.0"
        security_opt = ["seccomp=/etc/nomad.d/fanout-seccomp.json"]

        args = [
          "--forward", "127.0.0.1:5432=postgres@data",

          # A fail-over takes a while: hold new connections so long before they are reset.
          "--connect-timeout", "2s",
          "--connect-budget", "15s",

          # Idle connections are not cut (--idle-timeout is 0); peers that are gone are noticed after 30 s and 4 probes.
          "--keepalive", "30s",

          # A line about each living connection every ten minutes: else the access log says nothing for hours.
          "--access-log-interval", "10m",

          # A socket in the allocation's own folder in place of a port: only its tasks, and root on the machine, can ask.
          #   nomad alloc exec -task fanout ALLOC /fanout top --admin-address unix:/alloc/tmp/fanout.sock
          "--admin-address", "unix:/alloc/tmp/fanout.sock",
        ]

        ulimit {
          nofile = "65536:65536"
        }
      }

      # A named identity, which Nomad renews: Fanout reads the file again when it changes, and at SIGHUP.
      identity {
        name          = "fanout"
        aud           = ["nomadproject.io"]
        file          = true
        ttl           = "1h"
        change_mode   = "signal"
        change_signal = "SIGHUP"
      }

      env {
        FANOUT_TOKEN_FILE = "${NOMAD_SECRETS_DIR}/nomad_fanout.jwt"
      }

      kill_signal  = "SIGQUIT"
      kill_timeout = "30s"

      resources {
        cpu    = 100
        memory = 64
      }
    }

    task "invoices" {
      driver = "docker"

      config {
        image = "invoices:1"
      }

      env {
        DATABASE_URL = "postgres://invoices@127.0.0.1:5432/invoices"
      }

      # Ends its connections before the sidecar's drain is over.
      kill_timeout = "20s"

      resources {
        cpu    = 500
        memory = 256
      }
    }
  }
}
