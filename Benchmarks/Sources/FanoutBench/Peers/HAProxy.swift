import Foundation

/// HAProxy in TCP mode.
struct HAProxy: Peer {
    let name: String
    let program: String
    /// `tune.bufsize`; nil leaves the standard of 16 KiB.
    let bufferSize: Int?
    let source = "the Debian package haproxy"

    var title: String { "HAProxy, mode tcp, " + (bufferSize.map { "buffers of \($0) bytes" } ?? "standard buffers") }
    var path: String? { program }
    var version: String { firstLine(of: program, ["-v"]) }

    func command(_ place: PeerPlace) -> PeerCommand? {
        let file = "\(place.folder)/\(name)-\(place.listen).cfg"
        // Two descriptors a connection; more than a process may have would keep it from starting.
        let most = (Limits.descriptors - Limits.spareDescriptors) / 2
        var lines = ["global", "    nbthread \(place.workers)", "    maxconn \(most)"]
        if let bufferSize { lines.append("    tune.bufsize \(bufferSize)") }
        let text = """
            defaults
                mode tcp
                maxconn \(most)
                timeout connect 5s
                timeout client 5m
                timeout server 5m
            frontend clients
                bind 127.0.0.1:\(place.listen) backlog 4096
                default_backend servers
            backend servers
                server one 127.0.0.1:\(place.backend)

            """
        return PeerCommand(
            path: program,
            arguments: ["-db", "-f", file],
            stopSignal: SIGTERM,
            configuration: ConfigurationFile(path: file, text: lines.joined(separator: "\n") + "\n" + text)
        )
    }
}
