/// A way for one answer to go wrong, or merely to be unusual.
///
/// `status`, `agentShutdown`, `tooManyConnections` and the framings `silence` and `reset` strike when a request
/// arrives or is released; the others when its answer is due, so a blocked query meets them when it wakes.
public enum Fault: Sendable, Equatable {
    /// This status with a plain text body.
    case status(Int, body: String)
    /// The connection limiter's raw 429, after which the connection ends.
    case tooManyConnections
    /// 200, index 0, no known leader, `[]`.
    case agentShutdown
    /// Only `X-Nomad-Index` lies.
    case index(IndexFault)
    /// The body differs; its length is announced truthfully.
    case body(BodyFault)
    /// The bytes are laid out differently, incompletely or slowly.
    case framing(FramingFault)

    var strikesOnArrival: Bool {
        switch self {
        case .status, .tooManyConnections, .agentShutdown, .framing(.silence), .framing(.reset): true
        case .index, .body, .framing: false
        }
    }
}

public enum IndexFault: Sendable, Equatable {
    case missing
    /// The header's text as is: `0`, `18446744073709551615`, `abc`, or the same number for ever.
    case text(String)
    case lower(by: UInt64)
    case higher(by: UInt64)
}

/// Faults of the body; those that edit fields concern the registrations of `/v1/service/:name` only.
public enum BodyFault: Sendable, Equatable {
    case bytes([UInt8])
    /// The first half of the JSON, with the right `Content-Length` for it.
    case truncated
    case null
    case empty
    /// Each registration's address holds bytes that are not UTF-8.
    case invalidUTF8
    /// Strings where numbers belong and the reverse.
    case wrongTypes
    /// Only these keys of each registration are sent.
    case onlyKeys([String])
    /// Each registration has keys of a future version, nested ones too.
    case unknownKeys
    /// The JSON padded with blanks to this many bytes.
    case padded(to: Int)
    /// Arrays within arrays, this many.
    case nested(depth: Int)
}

public enum FramingFault: Sendable, Equatable {
    /// Half of the announced body, then the end of the stream.
    case endBeforeContentLength
    /// Chunked, and the end of the stream where the last chunk belongs.
    case endBeforeLastChunk
    /// The head at once, then a byte of the body every so many milliseconds.
    case dribbleBody(milliseconds: Int)
    /// The head a byte every so many milliseconds.
    case dribbleHead(milliseconds: Int)
    /// No answer at all, the connection stays open.
    case silence
    /// The connection is reset; a unix socket knows no reset, its peer sees the end of the stream.
    case reset
    /// The answer twice, the second one unasked for.
    case twice
    /// `Connection: close`, and so it does.
    case connectionClose
    /// Chunked with an extension on the chunk and a trailer after the last one.
    case chunkExtensions
    /// An HTTP/1.0 answer, which ends with the connection.
    case http10
}
