# One sidecar for all that an application needs: three services, one of them in another namespace, and a fixed address
# that Nomad knows nothing of.

job "shop" {
  group "shop" {
    count = 2

    network {
      mode = "bridge"

      port "http" {
        to = 8000
      }
    }

    service {
      name     = "shop"
      port     = "http"
      provider = "nomad"
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
          "--forward", "127.0.0.1:6379=redis",
          "--forward", "127.0.0.1:5432=postgres@data",
          "--forward", "127.0.0.1:9200=search",
          "--forward", "127.0.0.1:2525=10.0.0.25:25,10.0.1.25:25",
        ]

        ulimit {
          nofile = "65536:65536"
        }
      }

      # The same by variables; a flag wins over its variable.
      env {
        FANOUT_LOG_FORMAT = "json"
        FANOUT_WORKERS    = "2"

        # Within the group's network namespace. For a Prometheus elsewhere it takes `port "metrics" { to = 9102 }` in the
        # network and ":9102" here: whoever reaches that port then reads everything, as there is no authentication.
        FANOUT_ADMIN_ADDRESS = "127.0.0.1:9102"
      }

      identity {
        file = true
      }

      kill_signal  = "SIGQUIT"
      kill_timeout = "30s"

      resources {
        cpu    = 200
        memory = 128
      }
    }

    task "shop" {
      driver = "docker"

      config {
        image = "shop:1"
      }

      env {
        REDIS_URL    = "redis://127.0.0.1:6379"
        DATABASE_URL = "postgres://shop@127.0.0.1:5432/shop"
        SEARCH_URL   = "http://127.0.0.1:9200"
        SMTP_ADDRESS = "127.0.0.1:2525"
      }

      shutdown_delay = "2s"

      resources {
        cpu    = 500
        memory = 512
      }
    }
  }
}
