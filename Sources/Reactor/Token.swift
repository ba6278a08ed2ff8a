/// What an operation does, and to which socket of a session or listener.
///
/// Each is in flight at most once for a session, which makes its state enumerable as a set of at most ten.
@frozen
public enum Operation: UInt8, Sendable {
    case accept = 0
    case connect
    case receiveFromClient
    case receiveFromUpstream
    case sendToUpstream
    case sendToClient
    case upstreamWritable
    case clientWritable
    case clientHangup
    case upstreamHangup

    @usableFromInline static let last = upstreamHangup

    /// Whether it is about the upstream socket of a session, and not about its client's or about a listener.
    var isOfUpstream: Bool {
        switch self {
        case .connect, .receiveFromUpstream, .sendToUpstream, .upstreamWritable, .upstreamHangup: true
        case .accept, .receiveFromClient, .sendToClient, .clientWritable, .clientHangup: false
        }
    }

    /// Whether it is the poll for room, and not the one for the end.
    var isWritable: Bool { self == .clientWritable || self == .upstreamWritable }
}

/// Names one operation of one owner: `operation`, the owner's `slot`, and the `generation` of that slot.
///
/// A completion whose generation is not its slot's any more belongs to somebody who has left, and is dropped.
@frozen
public struct Token: Sendable, Equatable {
    public let rawValue: UInt64

    /// Only the low 24 bits of `generation` are kept: they repeat after 16 million owners of one slot, and a slot
    /// is given away only when nothing of it is in flight.
    @inline(__always)
    public init(_ operation: Operation, slot: UInt32, generation: UInt32) {
        rawValue = UInt64(operation.rawValue) << 56 | UInt64(generation & 0xff_ffff) << 32 | UInt64(slot)
    }

    @inline(__always)
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    @inline(__always)
    public var operation: Operation {
        let number = UInt8(truncatingIfNeeded: rawValue >> 56)
        precondition(number <= Operation.last.rawValue, "a token without an operation")
        // In range: the numbers have no gaps (a look-up by `init(rawValue:)` would be a call for each completion).
        return unsafe unsafeBitCast(number, to: Operation.self)
    }

    @inline(__always)
    public var slot: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    /// Compares the 24 bits that a token keeps of a generation.
    @inline(__always)
    public func isOf(generation: UInt32) -> Bool {
        UInt32(truncatingIfNeeded: rawValue >> 32) & 0xff_ffff == generation & 0xff_ffff
    }
}
