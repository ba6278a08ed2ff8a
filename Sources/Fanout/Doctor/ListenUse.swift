/// What an address is listened on for, and how a job gives it another one.
enum ListenUse: Sendable {
    /// `--listen-address`.
    case service
    /// `--forward`, with what is right of its `=`.
    case forward(source: String)
    case admin

    var check: Finding.Check {
        switch self {
        case .service, .forward: .listen
        case .admin: .admin
        }
    }

    /// Another address in place of the one that cannot be had.
    func cure(_ address: String) -> Cure {
        switch self {
        case .service: Cure(.flag, "--listen-address \(address)")
        case .forward(let source): Cure(.arguments, #""--forward", "\#(address)=\#(source)","#)
        case .admin: Cure(.arguments, #""--admin-address", "\#(address)","#)
        }
    }

    /// In place of one that is taken. Clients are told the port of a service; who asks the admin endpoint would not know
    /// it, but a socket in the allocation's folder is its own.
    var freeAddress: String {
        switch self {
        case .service, .forward: "127.0.0.1:0"
        case .admin: freeSocket
        }
    }

    var freeSocket: String {
        switch self {
        case .service, .forward: "unix:/alloc/fanout.sock"
        case .admin: "unix:/alloc/tmp/fanout.sock"
        }
    }
}
