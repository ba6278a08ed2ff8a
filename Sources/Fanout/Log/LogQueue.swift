/// The lines that wait for one descriptor: what is being written, and what came since.
///
/// Bounded: a line that does not fit is dropped whole and counted. Not synchronised.
struct LogQueue {
    private let capacity: Int
    /// Whole lines, the next to be written at ``written``; only the writing thread replaces it.
    private var current: [UInt8] = []
    private var written = 0
    private var waiting: [UInt8] = []
    /// Whether the last byte that was written ended a line.
    private var isAtLineStart = true
    /// Whether a line was cut by ``discard()``; the next one then begins with a line end of its own.
    private var isCutShort = false
    /// Lines dropped since ``takeDropped()``.
    private var newlyDropped: UInt64 = 0
    /// Lines dropped since the start.
    private(set) var dropped: UInt64 = 0

    init(capacity: Int) { self.capacity = capacity }

    var isEmpty: Bool { written == current.count && waiting.isEmpty }

    /// Adds whole lines, all or none.
    mutating func add(_ lines: [UInt8]) -> Bool {
        guard current.count - written + waiting.count + lines.count <= capacity else {
            drop(Self.lines(in: lines[...]))
            return false
        }
        if isCutShort, isEmpty { waiting.append(Self.newline) }
        waiting.append(contentsOf: lines)
        return true
    }

    /// What to write next: up to `longest` bytes, whole lines if one fits.
    mutating func next(longest: Int) -> ArraySlice<UInt8> {
        if written == current.count {
            swap(&current, &waiting)
            waiting.removeAll(keepingCapacity: true)
            written = 0
        }
        let candidate = current[written...].prefix(longest)
        guard candidate.endIndex < current.count, let newline = candidate.lastIndex(of: Self.newline) else {
            return candidate
        }
        return candidate[...newline]
    }

    /// The descriptor took `count` bytes of ``next(longest:)``.
    mutating func advance(by count: Int) {
        guard count > 0 else { return }
        written += count
        isCutShort = false
        isAtLineStart = current[written - 1] == Self.newline
    }

    /// The descriptor refuses: what waits is dropped, so that a dead reader costs nothing but lines.
    mutating func discard() {
        guard !isEmpty else { return }
        let ends = Self.lines(in: current[written...]) + Self.lines(in: waiting[...])
        drop(isCutShort ? ends - 1 : ends)
        written = current.count
        waiting.removeAll(keepingCapacity: true)
        // Should the descriptor come back (a disk that was full), lines must not run together.
        isCutShort = !isAtLineStart
    }

    /// How many lines were dropped since the last call.
    mutating func takeDropped() -> UInt64 {
        defer { newlyDropped = 0 }
        return newlyDropped
    }

    private mutating func drop(_ lines: UInt64) {
        newlyDropped += lines
        dropped += lines
    }

    private static let newline = UInt8(ascii: "\n")

    private static func lines(in bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 + ($1 == newline ? 1 : 0) }
    }
}
