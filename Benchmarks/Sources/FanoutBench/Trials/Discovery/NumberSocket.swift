import CBench
import Foundation

/// A non-blocking TCP socket over which numbers travel, 8 bytes each; deadlines are moments of `now()`.
final class NumberSocket {
    let descriptor: Int32

    /// Owns `descriptor`.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Connects to a port of 127.0.0.1; nil when that fails.
    static func connect(to port: UInt16, by deadline: UInt64) -> NumberSocket? {
        let descriptor = bench_connect(port)
        guard descriptor >= 0 else { return nil }
        let socket = NumberSocket(descriptor)
        guard isReady(descriptor, POLLOUT, by: deadline), bench_connect_result(descriptor) == 0 else { return nil }
        return socket
    }

    /// False when the socket does not take all of it at once: 8 bytes always fit into an empty send queue.
    func send(_ number: UInt64) -> Bool {
        unsafe withUnsafeBytes(of: number) { unsafe write(descriptor, $0.baseAddress, $0.count) == $0.count }
    }

    /// The next number; nil at the end of stream, after a reset and at the deadline.
    func receive(by deadline: UInt64) -> UInt64? {
        var number: UInt64 = 0
        var filled = 0
        while filled < MemoryLayout<UInt64>.size {
            guard isReady(descriptor, POLLIN, by: deadline) else { return nil }
            let count = unsafe withUnsafeMutableBytes(of: &number) {
                unsafe read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled)
            }
            if count < 0 && errno == EAGAIN { continue }
            guard count > 0 else { return nil }
            filled += count
        }
        return number
    }

    /// True when the other side ends its stream, with nothing before it and no reset.
    func isEnded(by deadline: UInt64) -> Bool {
        var byte: UInt8 = 0
        while isReady(descriptor, POLLIN, by: deadline) {
            let count = unsafe read(descriptor, &byte, 1)
            if count < 0 && errno == EAGAIN { continue }
            return count == 0
        }
        return false
    }
}

/// Waits until `descriptor` has one of `events`, an error or an end; false at the deadline or on an interrupt.
private func isReady(_ descriptor: Int32, _ events: Int32, by deadline: UInt64) -> Bool {
    var entries = [pollfd(fd: descriptor, events: Int16(events), revents: 0)]
    return waitForAny(of: &entries, by: deadline)
}

/// Waits until any of `entries` has something to report; false at the deadline or on an interrupt.
func waitForAny(of entries: inout [pollfd], by deadline: UInt64) -> Bool {
    while bench_interrupted() == 0 {
        let left = Int64(deadline) - Int64(now())
        guard left > 0 else { return false }
        let milliseconds = Int32(clamping: left / 1_000_000 + 1)
        if unsafe poll(&entries, nfds_t(entries.count), milliseconds) > 0 { return true }
    }
    return false
}
