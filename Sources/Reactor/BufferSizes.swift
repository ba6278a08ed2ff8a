/// How many receive buffers a driver has, and how large they are.
public struct BufferSizes: Hashable, Sendable {
    /// A power of two, like ``reserveCount``: io_uring counts its rings so.
    public var commonCount = 256
    /// Somewhat more than 16 KiB, a usual size of messages, and a whole TLS record (RFC 8446, 5.2: 16,645 bytes): a receive that
    /// leaves room in its buffer needs no second look.
    public var commonSize = 17 << 10
    public var reserveCount = 128
    public var reserveSize = 6 << 10

    /// With fewer, connections would wait for each other more than they work.
    private static let leastCommon = 32

    public init() {}

    /// What all of them take at most.
    public var bytes: Int { commonCount * commonSize + reserveCount * reserveSize }

    /// Leaves half of them, or returns false when that would be too few.
    public mutating func halve() -> Bool {
        guard commonCount > Self.leastCommon else { return false }
        commonCount /= 2
        reserveCount /= 2
        return true
    }
}
