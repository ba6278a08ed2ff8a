import Foundation
import Synchronization
import Traffic

/// What a relay gets wrong.
enum Flaw: Sendable {
    case none
    /// One byte of each download is changed.
    case flipsAByte
    /// Downloads lose what comes after `FlawedRelay.keptBytes`.
    case losesTheTail
    /// A reset is handed on as an end of stream.
    case turnsResetsIntoEnds
    /// An end of stream is handed on as a reset.
    case turnsEndsIntoResets
    /// After `FlawedRelay.keptBytes` downloads rest for ever.
    case stalls
}

/// A TCP relay of one thread a connection that is right except for one flaw.
final class FlawedRelay: Sendable {
    static let keptBytes = 1_000

    let port: UInt16
    private let listener: Int32
    private let upstream: UInt16
    private let flaw: Flaw
    private let isStopping = Atomic<Bool>(false)
    private let running = Atomic<Int>(0)

    init(to upstream: TrafficAddress, flaw: Flaw) {
        self.upstream = upstream.port ?? 0
        self.flaw = flaw
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe bind(listener, $0, length)
                _ = unsafe getsockname(listener, $0, &length)
            }
        }
        listen(listener, 512)
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        running.add(1, ordering: .relaxed)
        Thread.detachNewThread { [self] in acceptAll() }
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        _ = waitUntil { running.load(ordering: .acquiring) == 0 }
        close(listener)
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func acceptAll() {
        while !isStopping.load(ordering: .acquiring) {
            guard poll([listener])[0] else { continue }
            let client = accept(listener, nil, nil)
            running.add(1, ordering: .relaxed)
            Thread.detachNewThread { [self] in relay(client) }
        }
        running.subtract(1, ordering: .releasing)
    }

    /// Which of the descriptors have something to read, after at most 50 ms; negative ones are passed over.
    private func poll(_ descriptors: [Int32]) -> [Bool] {
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = unsafe Foundation.poll(&entries, nfds_t(entries.count), 50)
        return entries.map { $0.revents != 0 }
    }

    private func relay(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: upstream)
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let ends = [client, server]
        var isOpen = [true, true]
        var mayWrite = [true, true]
        /// Sides whose reset was read: their send queues never empty any more.
        var isGone = [false, false]
        var wasReset = false
        var passed = 0
        while isOpen.contains(true) && !isStopping.load(ordering: .acquiring) {
            let ready = poll((0...1).map { isOpen[$0] ? ends[$0] : -1 })
            for index in 0...1 where ready[index] {
                var bytes = [UInt8](repeating: 0, count: 64 * 1024)
                let count = unsafe recv(ends[index], &bytes, bytes.count, 0)
                if count > 0 {
                    let kept = index == 1 ? damage(&bytes, count, passed: &passed) : count
                    if mayWrite[1 - index] && !write(bytes[..<kept], to: ends[1 - index]) {
                        mayWrite[1 - index] = false
                        wasReset = true
                    }
                } else {
                    isOpen[index] = false
                    isGone[index] = count < 0 || !mayWrite[index]
                    wasReset = wasReset || isGone[index]
                    if wasReset { isOpen[1 - index] = false }
                    if !wasReset && flaw != .turnsEndsIntoResets { shutdown(ends[1 - index], Int32(SHUT_WR)) }
                    if !wasReset && flaw == .turnsEndsIntoResets { isOpen = [false, false] }
                }
            }
        }
        finish(ends, isGone: isGone, reset: wasReset ? flaw != .turnsResetsIntoEnds : flaw == .turnsEndsIntoResets)
        running.subtract(1, ordering: .releasing)
    }

    /// Applies the flaw to downloaded bytes and returns how many of them go on.
    private func damage(_ bytes: inout [UInt8], _ count: Int, passed: inout Int) -> Int {
        let before = passed
        passed += count
        switch flaw {
        case .none, .turnsResetsIntoEnds, .turnsEndsIntoResets:
            return count
        case .flipsAByte:
            let offset = 100
            if before <= offset && offset < passed { bytes[offset - before] ^= 1 }
            return count
        case .losesTheTail:
            return max(0, min(count, Self.keptBytes - before))
        case .stalls:
            while passed > Self.keptBytes && !isStopping.load(ordering: .acquiring) { usleep(5_000) }
            return count
        }
    }

    private func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        var left = bytes
        while !left.isEmpty {
            let sent = unsafe left.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent <= 0 { return false }
            left = left.dropFirst(sent)
        }
        return true
    }

    private func finish(_ ends: [Int32], isGone: [Bool], reset: Bool) {
        for (descriptor, isGone) in zip(ends, isGone) {
            if reset {
                var unsent: Int32 = 1
                while !isGone, unsafe ioctl(descriptor, UInt(TIOCOUTQ), &unsent) == 0, unsent > 0,
                    !isStopping.load(ordering: .acquiring)
                { usleep(1_000) }
                var option = linger(l_onoff: 1, l_linger: 0)
                unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            } else {
                // Unread input would turn the close into a reset.
                shutdown(descriptor, Int32(SHUT_WR))
                var rest = [UInt8](repeating: 0, count: 64 * 1024)
                while poll([descriptor])[0], unsafe recv(descriptor, &rest, rest.count, 0) > 0 {}
            }
            close(descriptor)
        }
    }
}
