/// One line of the access log, before it is text.
struct AccessLogRecord: Sendable {
    enum State: Hashable, Sendable {
        /// The session lives: a line of `--access-log-interval`.
        case open
        case closed(CloseReason)
    }

    /// When the session closed, or when the line of a living one was taken; nanoseconds since 1970.
    var time: UInt64
    var connection: UInt64
    /// The service's label.
    var service: String
    var worker: Int
    /// Nil when it had gone before it was asked for.
    var client: String?
    /// Nil when none was chosen.
    var endpoint: String?
    /// The endpoint's allocation; nil for fixed endpoints.
    var allocation: String?
    /// Attempts to connect.
    var attempts: Int
    /// Nil when no attempt succeeded.
    var connectMicroseconds: UInt64?
    /// Until the first byte from the upstream; nil when none came.
    var firstByteMicroseconds: UInt64?
    var durationMicroseconds: UInt64
    /// Toward the endpoint.
    var sentBytes: UInt64
    /// From the endpoint.
    var receivedBytes: UInt64
    var state: State
    /// The error behind the state, 0 without one.
    var errno: Int32
}
