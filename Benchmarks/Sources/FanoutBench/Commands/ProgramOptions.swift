import ArgumentParser

/// Where the programs are, as scripts/fanout bench passes it on.
struct ProgramOptions: ParsableArguments {
    @Option(help: "The fanout program; without it the other peers are compared.")
    var fanout: String?

    @Option(help: "The haproxy program.")
    var haproxy = "/usr/sbin/haproxy"

    @Option(help: "The nginx program.")
    var nginx = "/usr/sbin/nginx"

    @Option(help: "The envoy program.")
    var envoy: String?

    @Option(help: "The Go relay of Benchmarks/Peers/relay.go.")
    var relay: String?

    @Option(help: "The nomad-double program (of the root package); discovery needs it.")
    var nomadDouble: String?

    @Option(help: "The pick-bench program (of the root package); pick needs it.")
    var pickBench: String?

    @Option(help: "What the caller could not install, as NAME=REASON; NAME is a peer or a workload.")
    var missing: [String] = []

    @Option(help: "Where this runs, for the report.")
    var place = "in the caller's network namespace"

    var catalogue: PeerCatalogue {
        PeerCatalogue(fanout: fanout, haproxy: haproxy, nginx: nginx, envoy: envoy, relay: relay)
    }

    /// The reasons of `--missing` by name.
    func obstacles() throws -> [String: String] {
        try missing.reduce(into: [:]) { obstacles, text in
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = parts.first, parts.count == 2 else {
                throw ValidationError("--missing takes NAME=REASON, not '\(text)'")
            }
            obstacles[name] = parts[1]
        }
    }
}
