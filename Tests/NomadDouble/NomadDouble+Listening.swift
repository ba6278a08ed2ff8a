import Glibc

/// A door that was asked to do what its state does not allow.
public struct ListeningFailure: Error, CustomStringConvertible {
    public let description: String
}

extension NomadDouble {
    /// Opens the task API's unix socket at `path`, over whatever is there; unserved connections wait in the backlog.
    public func listen(at path: String, mode: mode_t = 0o666, isServing: Bool = true) throws {
        try open(.taskAPI, at: .unix(path: path, mode: mode), isServing: isServing)
    }

    /// Opens the agent's HTTP port on 127.0.0.1; answers the port bound.
    @discardableResult
    public func listen(port: Int = 0, isServing: Bool = true) throws -> Int {
        try open(.tcp, at: .tcp(port: port), isServing: isServing)
        return self.port ?? port
    }

    /// The TCP port bound, or bound last.
    public var port: Int? {
        switch listeners.withLockedValue({ $0[.tcp]?.address }) {
        case .tcp(let port): port
        case .unix, nil: nil
        }
    }

    /// A graceful stop of the agent: every connection closes in mid-request, the socket's file is gone (ENOENT).
    public func stop(_ door: Door) { listeners.withLockedValue { $0[door] }?.close(unlinks: true) }

    /// The agent dies: as a stop, but the socket's file stays (ECONNREFUSED).
    public func crash(_ door: Door) { listeners.withLockedValue { $0[door] }?.close(unlinks: false) }

    /// The agent starts again: the socket is removed and bound anew, with another inode; a TCP port stays the same.
    ///
    /// With `isServing` false connections are made and hang, as while the agent has not joined its servers; `serve`
    /// ends that.
    public func restart(_ door: Door, isServing: Bool = true) throws {
        guard let old = listeners.withLockedValue({ $0[door] }) else { throw Self.closed(door) }
        old.close(unlinks: true)
        try open(door, at: old.address, isServing: isServing)
    }

    /// Starts to accept on a door that is bound without serving.
    public func serve(_ door: Door) throws {
        guard let listener = listeners.withLockedValue({ $0[door] }) else { throw Self.closed(door) }
        try listener.serve()
    }

    private func open(_ door: Door, at address: ListenAddress, isServing: Bool) throws {
        stop(door)
        let listener = try Listener(double: self, door: door, address: address, isServing: isServing)
        listeners.withLockedValue { $0[door] = listener }
    }

    private static func closed(_ door: Door) -> ListeningFailure {
        ListeningFailure(description: "the \(door.rawValue) door was never opened: call listen first")
    }
}
