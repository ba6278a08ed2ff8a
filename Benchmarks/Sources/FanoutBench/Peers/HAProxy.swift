import Foundation

/// HAProxy in TCP mode with one thread and its standard buffer size.
struct HAProxy: Peer {
    let name = "haproxy"
    let path: String

    var version: String { firstLine(of: path, ["-v"]) }

    func command(listen: UInt16, backend: UInt16, folder: String) throws -> PeerCommand? {
        let file = "\(folder)/haproxy-\(listen).cfg"
        let text = """
            global
                nbthread 1
                maxconn 8000
            defaults
                mode tcp
                timeout connect 5s
                timeout client 5m
                timeout server 5m
            frontend clients
                bind 127.0.0.1:\(listen) backlog 4096
                default_backend servers
            backend servers
                server one 127.0.0.1:\(backend)

            """
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return PeerCommand(path: path, arguments: ["-db", "-f", file], stopSignal: SIGTERM)
    }
}
