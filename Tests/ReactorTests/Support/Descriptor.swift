import Glibc
import Reactor

/// How long a test waits for what must happen; only a failing test ever waits that long.
enum Patience {
    static let milliseconds: Int32 = 20_000

    static var end: Deadline { Deadline.now().advanced(by: UInt64(milliseconds) * 1_000_000) }
}

/// A condition that did not come true in time.
struct TimedOut: Error {
    let condition: String
}

/// Lets other threads run until the condition holds.
func waitUntil(_ condition: String, _ isTrue: () throws -> Bool) throws {
    let end = Patience.end
    while try !isTrue() {
        guard Deadline.now() < end else { throw TimedOut(condition: condition) }
        usleep(200)
    }
}

/// Owns a non-blocking stream socket, the far end of what is tested.
final class Descriptor {
    /// How a stream was over.
    enum End: Equatable {
        case endOfStream
        case failed(Int32)
    }

    private(set) var number: Int32
    /// Unlike the number, never another's.
    let identity: UInt32

    private static let identities = Locked<UInt32>(0)

    init(_ number: Int32) throws {
        guard number >= 0 else { throw SystemError("socket", errno: -number) }
        self.number = number
        identity = Self.identities.with {
            $0 += 1
            return $0
        }
    }

    deinit { close() }

    func close() {
        guard number >= 0 else { return }
        Socket.closeGracefully(number)
        number = -1
    }

    func reset() {
        Socket.closeWithReset(number)
        number = -1
    }

    func finish() { _ = Socket.finish(number) }

    /// Whether one of the poll(2) events is there now, or comes within the time.
    func isReady(_ events: Int32, within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: number, events: Int16(events), revents: 0)
        return unsafe poll(&entry, 1, milliseconds) > 0
    }

    func wait(_ events: Int32) throws {
        guard isReady(events, within: Patience.milliseconds) else { throw TimedOut(condition: "poll \(events)") }
    }

    func setBufferSizes(_ bytes: Int32) {
        for option in [SO_SNDBUF, SO_RCVBUF] {
            var value = bytes
            unsafe setsockopt(number, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// Writes everything, waiting for the reader where necessary.
    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = sendSome(Array(rest))
            if sent >= 0 {
                rest = rest.dropFirst(sent)
            } else if errno == EAGAIN {
                try wait(Int32(POLLOUT))
            } else {
                throw SystemError.last("send")
            }
        }
    }

    /// Sends bytes that come with a descriptor (unix(7), SCM_RIGHTS; the layout is that of cmsg(3)).
    func send(_ bytes: [UInt8], with companion: Descriptor) throws {
        let headerSize = MemoryLayout<cmsghdr>.size
        var header = cmsghdr()
        header.cmsg_len = headerSize + MemoryLayout<Int32>.size
        header.cmsg_level = SOL_SOCKET
        header.cmsg_type = Int32(SCM_RIGHTS)
        let control = UnsafeMutableRawBufferPointer.allocate(byteCount: headerSize + 8, alignment: 8)
        defer { unsafe control.deallocate() }
        unsafe control.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe control.storeBytes(of: header, as: cmsghdr.self)
        unsafe control.storeBytes(of: companion.number, toByteOffset: headerSize, as: Int32.self)
        var bytes = bytes
        let sent = unsafe bytes.withUnsafeMutableBytes { payload in
            var part = unsafe iovec(iov_base: payload.baseAddress, iov_len: payload.count)
            return unsafe withUnsafeMutablePointer(to: &part) { parts in
                var message = unsafe msghdr()
                unsafe message.msg_iov = parts
                unsafe message.msg_iovlen = 1
                unsafe message.msg_control = control.baseAddress
                unsafe message.msg_controllen = control.count
                return unsafe sendmsg(number, &message, Int32(MSG_NOSIGNAL))
            }
        }
        guard sent == bytes.count else { throw SystemError.last("sendmsg") }
    }

    private func sendSome(_ bytes: [UInt8]) -> Int {
        unsafe bytes.withUnsafeBytes { unsafe Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Writes until nothing more goes in, and returns how many bytes that were.
    func fill() -> Int {
        let block = [UInt8](repeating: 0x55, count: 16_384)
        var total = 0
        while true {
            let sent = sendSome(block)
            if sent < 0 { return total }
            total += sent
        }
    }

    private func receiveSome(_ most: Int, flags: Int32) -> (count: Int, bytes: [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: most)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(number, $0.baseAddress, most, flags) }
        return (count, Array(buffer.prefix(max(0, count))))
    }

    /// Bytes that can be read now, up to `most`.
    func unread(_ most: Int) -> Int { max(0, receiveSome(most, flags: Int32(MSG_PEEK)).count) }

    /// Reads exactly `count` bytes.
    func receive(_ count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            try wait(Int32(POLLIN))
            let (got, bytes) = receiveSome(count - all.count, flags: 0)
            if got == 0 { throw TimedOut(condition: "\(count) bytes, the stream ended after \(all.count)") }
            if got < 0 && errno != EAGAIN { throw SystemError.last("recv") }
            all += bytes
        }
        return all
    }

    /// Reads what is there now without waiting.
    func receiveAvailable() -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let (got, bytes) = receiveSome(65_536, flags: 0)
            if got <= 0 { return all }
            all += bytes
        }
    }

    /// Reads up to the end, whatever that is.
    func receiveToEnd() throws -> (bytes: [UInt8], end: End) {
        var all: [UInt8] = []
        while true {
            try wait(Int32(POLLIN))
            let (got, bytes) = receiveSome(65_536, flags: 0)
            all += bytes
            if got == 0 { return (all, .endOfStream) }
            if got < 0 && errno != EAGAIN { return (all, .failed(errno)) }
        }
    }
}
