import NIOCore

/// One request the double has received, and how it was answered.
public struct LoggedRequest: Sendable {
    /// Counted from 0 over the life of the double.
    public let number: Int
    public let door: Door
    public let method: String
    /// Path and query as sent.
    public let target: String
    public let path: String
    /// The first value of each parameter, decoded.
    public let parameters: [String: String]
    public let headers: [(name: String, value: String)]
    /// The token as Nomad would read it.
    public let token: String?
    /// Nanoseconds of the monotonic clock.
    public let receivedAt: UInt64
    /// As `receivedAt`; `nil` while the query is blocked.
    public internal(set) var answeredAt: UInt64?
    /// The answer's status; `nil` if none was sent.
    public internal(set) var status: Int?
    /// The answer's `X-Nomad-Index` as sent.
    public internal(set) var index: String?
    public internal(set) var fault: Fault?

    /// The service asked for, or `nil` on another path.
    public var service: String? {
        let prefix = "/v1/service/"
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : nil
    }

    /// The index of a blocking query, else `nil`.
    public var askedIndex: UInt64? {
        parameters["index"].flatMap { UInt64($0) }.flatMap { $0 == 0 ? nil : $0 }
    }

    public var isStale: Bool { parameters["stale"] == "" || parameters["stale"] == "true" }

    init(number: Int, door: Door, request: Request) {
        self.number = number
        self.door = door
        method = request.method
        target = request.target
        path = request.path
        parameters = request.parameters.firstValues
        headers = request.headers
        token = request.token
        receivedAt = NIODeadline.now().uptimeNanoseconds
    }
}

/// The requests so far; the oldest are dropped beyond a limit, the count is not.
struct RequestLog: Sendable {
    private static let limit = 100_000

    private(set) var entries: [LoggedRequest] = []
    private(set) var count = 0

    mutating func append(door: Door, request: Request) -> Int {
        if entries.count == Self.limit { entries.removeFirst(Self.limit / 2) }
        entries.append(LoggedRequest(number: count, door: door, request: request))
        count += 1
        return count - 1
    }

    mutating func update(_ number: Int, _ change: (inout LoggedRequest) -> Void) {
        let offset = number - (count - entries.count)
        if entries.indices.contains(offset) { change(&entries[offset]) }
    }

    mutating func forget() { entries = [] }
}
