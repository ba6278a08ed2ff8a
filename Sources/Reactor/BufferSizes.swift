/// How many receive buffers a driver has, and how large they are.
public struct BufferSizes: Hashable, Sendable {
    /// A power of two, like ``reserveCount``: io_uring counts its rings so.
    public var commonCount = 256
    public var commonSize = 16 << 10
    public var reserveCount = 128
    public var reserveSize = 8 << 10

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
