import ArgumentParser

/// The programs of the peers, and the peers made of them.
struct PeerCatalogue {
    static let names = ["fanout", "haproxy", "haproxy-64k", "nginx", "nginx-64k", "envoy", "go", "direct", "echo"]

    let fanout: String?
    let haproxy: String
    let nginx: String
    let envoy: String?
    let relay: String?

    /// Those of a comma-separated list that have a path; Fanout, Envoy and the relay have none of their own accord.
    func peers(_ list: String) throws -> [any Peer] {
        try list.split(separator: ",").compactMap { try peer(String($0)) }
    }

    private func peer(_ name: String) throws -> (any Peer)? {
        switch name {
        case "fanout": fanout.map { Fanout(program: $0) }
        case "haproxy": HAProxy(name: name, program: haproxy, bufferSize: nil)
        case "haproxy-64k": HAProxy(name: name, program: haproxy, bufferSize: 65_536)
        case "nginx": Nginx(name: name, program: nginx, bufferSize: nil)
        case "nginx-64k": Nginx(name: name, program: nginx, bufferSize: "64k")
        case "envoy": Envoy(program: envoy ?? "envoy")
        case "go": GoRelay(program: relay ?? "relay")
        case "direct": Direct()
        case "echo": Echo(program: try ownProgram())
        default: throw ValidationError("no peer named \(name); there are: \(Self.names.joined(separator: ", "))")
        }
    }
}

/// What a peer was, for the report.
struct PeerDescription: Codable {
    let name: String
    let title: String
    let version: String
    /// Why it was not measured; nil when it was.
    let obstacle: String?
    /// The command line and the configuration file for one worker, with its ports as they were in no run: 10000 in
    /// front, 20000 behind.
    let commandLine: String
    let configuration: String

    init(_ peer: any Peer, obstacle: String?) {
        name = peer.name
        title = peer.title
        self.obstacle = obstacle
        version = obstacle == nil ? peer.version : ""
        let command = peer.command(PeerPlace(listen: 10_000, backend: 20_000, workers: 1, folder: "FOLDER"))
        let program = command.map { $0.path.split(separator: "/").last.map(String.init) ?? $0.path }
        let variables = (command?.environment ?? [:]).map { "\($0)=\($1)" }
        commandLine = (variables + [program].compactMap(\.self) + (command?.arguments ?? [])).joined(separator: " ")
        configuration = command?.configuration?.text ?? ""
    }
}
