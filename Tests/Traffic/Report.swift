/// One thing that must not happen to a connection.
public struct Fault: Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        /// A wrong byte, or bytes after the last one.
        case mismatched
        /// A clean end before all bytes.
        case truncated
        /// Nothing moved for the stall limit, or the server never saw a connection that the client did.
        case stalled
        /// The other side reset, this one read an end of stream.
        case resetTurnedClean
        /// Nobody reset, this side saw ECONNRESET, EPIPE or another error.
        case cleanTurnedReset
        /// The reset came through, but bytes that had left the sender's send queue before it did not.
        case lostBeforeReset
        /// The connect was refused or failed.
        case connectFailed
    }

    /// Who saw it.
    public enum Observer: String, Sendable {
        case client
        case server
    }

    public let kind: Kind
    public let observer: Observer
    /// Nil for a connection that the server could not identify.
    public let ending: Ending?
    /// The connection's index in its run; -1 when unknown.
    public let connection: Int
    /// Bytes received against bytes expected, offsets and errno, in words.
    public let detail: String
}

/// What came of a run of verified connections.
public struct Report: Sendable {
    /// How many faults are kept with their details; all are counted.
    public static let keptFaults = 50

    /// Connections started.
    public internal(set) var connections = 0
    /// Connections by ending.
    public internal(set) var endings: [Ending: Int] = [:]
    /// Faults by kind: a connection counts once for each kind, whichever side saw it.
    public internal(set) var faultCounts: [Fault.Kind: Int] = [:]
    /// The first faults with their details.
    public internal(set) var faults: [Fault] = []
    /// Payload bytes that clients received and checked.
    public internal(set) var bytesDown = 0
    /// Payload bytes that servers received and checked.
    public internal(set) var bytesUp = 0
    /// Connections that ended without a byte as the servers saw them: by an end of stream, by a reset.
    /// A proxy may legally connect late or not at all for such clients, so these are no faults by themselves.
    public internal(set) var emptyEnds = 0
    public internal(set) var emptyResets = 0
    /// Connects tried again because local ports or a unix listener's queue were exhausted for a moment.
    public internal(set) var connectRetries = 0
    public internal(set) var seconds = 0.0
    public internal(set) var seed: UInt64 = 0

    /// All faults of all kinds.
    public var totalFaults: Int { faultCounts.values.reduce(0, +) }

    public func count(_ kind: Fault.Kind) -> Int { faultCounts[kind] ?? 0 }

    /// Adds another run's figures, for soaks of many seeds; the seed stays the first one's.
    public mutating func add(_ other: Report) {
        connections += other.connections
        endings.merge(other.endings, uniquingKeysWith: +)
        faultCounts.merge(other.faultCounts, uniquingKeysWith: +)
        faults = Array((faults + other.faults).prefix(Self.keptFaults))
        bytesDown += other.bytesDown
        bytesUp += other.bytesUp
        emptyEnds += other.emptyEnds
        emptyResets += other.emptyResets
        connectRetries += other.connectRetries
        seconds += other.seconds
    }

    mutating func add(_ fault: Fault) {
        faultCounts[fault.kind, default: 0] += 1
        if faults.count < Self.keptFaults { faults.append(fault) }
    }
}

extension Fault: CustomStringConvertible {
    public var description: String {
        let name = ending.map { "\($0)" } ?? "unidentified"
        return "\(kind.rawValue) seen by \(observer.rawValue): connection \(connection), \(name), \(detail)"
    }
}

extension Report: CustomStringConvertible {
    /// Several lines for a terminal; the first one has the verdict.
    public var description: String {
        let mebibytes = Double(bytesUp + bytesDown) / Double(1 << 20)
        var lines = [
            "\(connections) connections, seed \(seed): \(totalFaults) faults, "
                + "\(Int(mebibytes)) MiB verified in \((seconds * 10).rounded() / 10) s"
        ]
        for kind in Fault.Kind.allCases where count(kind) > 0 { lines.append("  \(kind.rawValue): \(count(kind))") }
        lines += faults.map { "  \($0)" }
        return lines.joined(separator: "\n")
    }
}
