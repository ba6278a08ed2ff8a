/// The system calls that a driver's user makes beside its operations: they finish at once, so they are no operations.
///
/// Part of the seam (``Driver``): what works on a driver's descriptors goes through the driver, so that a simulated one
/// has all of it. Used on the driver's thread. Each means what the function of ``Socket`` with its name says.
public protocol SocketCalls {
    func stream(family: Int32) -> Int32
    func accept(_ listener: Int32) -> Int32
    func spare() -> Int32
    func sendAtOnce(_ descriptor: Int32)
    /// ``CongestionControl/doNotPace(_:)``
    func doNotPace(_ descriptor: Int32)
    func keepAlive(_ descriptor: Int32, seconds: Int32)
    func finish(_ descriptor: Int32) -> Int32
    func closeGracefully(_ descriptor: Int32)
    func closeWithReset(_ descriptor: Int32)
    func takeError(_ descriptor: Int32) -> Int32
    func unsentBytes(_ descriptor: Int32) -> Int
    func isAtEnd(_ descriptor: Int32) -> Bool
    func hasUnread(_ descriptor: Int32) -> Bool
    func isOver(_ descriptor: Int32) -> Bool
    func isSelfConnected(_ descriptor: Int32, port: UInt16) -> Bool
    func peer(of descriptor: Int32) -> SocketAddress?
    func pipe(bytes: Int32) -> (readEnd: Int32, writeEnd: Int32)?
    func splice(from source: Int32, to destination: Int32, count: UInt32) -> Int32
}

/// The kernel's calls themselves: no state, so nothing is left of it in an optimised build.
@frozen
public struct KernelSockets: SocketCalls {
    @inlinable @inline(__always)
    public init() {}

    @inlinable @inline(__always)
    public func stream(family: Int32) -> Int32 { Socket.stream(family: family) }
    @inlinable @inline(__always)
    public func accept(_ listener: Int32) -> Int32 { Socket.accept(listener) }
    @inlinable @inline(__always)
    public func spare() -> Int32 { Socket.spare() }
    @inlinable @inline(__always)
    public func sendAtOnce(_ descriptor: Int32) { Socket.sendAtOnce(descriptor) }
    @inlinable @inline(__always)
    public func doNotPace(_ descriptor: Int32) { CongestionControl.doNotPace(descriptor) }
    @inlinable @inline(__always)
    public func keepAlive(_ descriptor: Int32, seconds: Int32) { Socket.keepAlive(descriptor, seconds: seconds) }
    @inlinable @inline(__always)
    public func finish(_ descriptor: Int32) -> Int32 { Socket.finish(descriptor) }
    @inlinable @inline(__always)
    public func closeGracefully(_ descriptor: Int32) { Socket.closeGracefully(descriptor) }
    @inlinable @inline(__always)
    public func closeWithReset(_ descriptor: Int32) { Socket.closeWithReset(descriptor) }
    @inlinable @inline(__always)
    public func takeError(_ descriptor: Int32) -> Int32 { Socket.takeError(descriptor) }
    @inlinable @inline(__always)
    public func unsentBytes(_ descriptor: Int32) -> Int { Socket.unsentBytes(descriptor) }
    @inlinable @inline(__always)
    public func isAtEnd(_ descriptor: Int32) -> Bool { Socket.isAtEnd(descriptor) }
    @inlinable @inline(__always)
    public func hasUnread(_ descriptor: Int32) -> Bool { Socket.hasUnread(descriptor) }
    @inlinable @inline(__always)
    public func isOver(_ descriptor: Int32) -> Bool { Socket.isOver(descriptor) }
    @inlinable @inline(__always)
    public func isSelfConnected(_ descriptor: Int32, port: UInt16) -> Bool {
        Socket.isSelfConnected(descriptor, port: port)
    }
    @inlinable @inline(__always)
    public func peer(of descriptor: Int32) -> SocketAddress? { Socket.peer(of: descriptor) }
    @inlinable @inline(__always)
    public func pipe(bytes: Int32) -> (readEnd: Int32, writeEnd: Int32)? { Socket.pipe(bytes: bytes) }
    @inlinable @inline(__always)
    public func splice(from source: Int32, to destination: Int32, count: UInt32) -> Int32 {
        Socket.splice(from: source, to: destination, count: count)
    }
}
