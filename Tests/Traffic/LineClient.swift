import Glibc

/// A small blocking client for tests that talk a few bytes. Not thread-safe: one thread at a time.
///
/// Every call has a deadline, in seconds from the call on.
public final class LineClient {
    /// Why a call did not do what it was asked for.
    public enum Failure: Error, Equatable {
        /// The time ran out.
        case deadline
        /// The peer's end of stream came first.
        case endOfStream
        /// ECONNRESET, EPIPE.
        case reset
        /// Another errno, ECONNREFUSED for instance.
        case system(Int32)
    }

    /// How a stream ended.
    public enum End: Equatable, Sendable {
        case endOfStream
        case reset
    }

    /// -1 after a close.
    private(set) var descriptor: Int32

    /// Connects to `address`.
    public init(
        to address: TrafficAddress,
        within seconds: Double = 10,
        room: KernelRoom = KernelRoom()
    ) throws(Failure) {
        descriptor = Socket.open(address.family)
        room.give(to: descriptor)
        // A throw from here on runs deinit, which closes.
        var code = Socket.connect(descriptor, to: address)
        if code == EINPROGRESS {
            try Self.wait(descriptor, for: PollSet.writable, until: MonotonicTime.after(seconds: seconds))
            code = Socket.takeError(descriptor)
        }
        if code != 0 { throw Self.failure(code) }
    }

    /// Takes over a connected descriptor.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close()
    }

    /// Sends as much as the kernel takes now, without waiting; the number of bytes.
    public func sendWhatFits(_ bytes: [UInt8]) throws(Failure) -> Int {
        let result = unsafe bytes.withUnsafeBytes { unsafe Socket.send(descriptor, $0) }
        switch result {
        case .bytes(let count): return count
        case .wouldBlock, .end: return 0
        case .failed(let code): throw Self.failure(code)
        }
    }

    public func sendAll(_ bytes: [UInt8], within seconds: Double = 10) throws(Failure) {
        let deadline = MonotonicTime.after(seconds: seconds)
        var sent = 0
        while sent < bytes.count {
            let result = unsafe bytes.withUnsafeBytes {
                unsafe Socket.send(descriptor, UnsafeRawBufferPointer(rebasing: $0[sent...]))
            }
            switch result {
            case .bytes(let count): sent += count
            case .wouldBlock, .end: try Self.wait(descriptor, for: PollSet.writable, until: deadline)
            case .failed(let code): throw Self.failure(code)
            }
        }
    }

    public func sendAll(_ text: String, within seconds: Double = 10) throws(Failure) {
        try sendAll(Array(text.utf8), within: seconds)
    }

    /// One byte of urgent data (MSG_OOB); a socket that takes none now is a `deadline`.
    func sendUrgent() throws(Failure) {
        var byte: UInt8 = 0
        guard unsafe Glibc.send(descriptor, &byte, 1, Int32(MSG_OOB) | Int32(MSG_NOSIGNAL)) == 1 else {
            throw errno == EAGAIN ? .deadline : Self.failure(errno)
        }
    }

    /// Exactly `count` bytes.
    public func readExactly(_ count: Int, within seconds: Double = 10) throws(Failure) -> [UInt8] {
        let deadline = MonotonicTime.after(seconds: seconds)
        var bytes: [UInt8] = []
        while bytes.count < count {
            switch try readSome(limit: count - bytes.count, until: deadline) {
            case .some(let more): bytes += more
            case .none: throw .endOfStream
            }
        }
        return bytes
    }

    /// The bytes up to and without the next newline.
    public func readLine(within seconds: Double = 10) throws(Failure) -> String {
        let deadline = MonotonicTime.after(seconds: seconds)
        var bytes: [UInt8] = []
        while bytes.last != UInt8(ascii: "\n") {
            guard let more = try readSome(limit: 1, until: deadline) else { throw .endOfStream }
            bytes += more
        }
        return String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    /// Waits until the connection fails, without reading or writing; false if it does not in time.
    public func waitForReset(within seconds: Double = 10) throws(Failure) -> Bool {
        let deadline = MonotonicTime.after(seconds: seconds)
        while MonotonicTime.now < deadline {
            let error = Socket.takeError(descriptor)
            if error != 0 { return Self.failure(error) == .reset }
            usleep(5_000)
        }
        return false
    }

    /// Everything until the stream ends, and how it ended.
    public func readUntilEnd(within seconds: Double = 10) throws(Failure) -> (bytes: [UInt8], end: End) {
        let deadline = MonotonicTime.after(seconds: seconds)
        var bytes: [UInt8] = []
        while true {
            do throws(Failure) {
                guard let more = try readSome(limit: Scratch.capacity, until: deadline) else {
                    return (bytes, .endOfStream)
                }
                bytes += more
            } catch {
                if error == .reset { return (bytes, .reset) }
                throw error
            }
        }
    }

    /// Sends the end of stream; reading goes on.
    public func halfClose() {
        Socket.halfClose(descriptor)
    }

    /// Closes; may be called again.
    public func close() {
        if descriptor >= 0 { Socket.close(descriptor) }
        descriptor = -1
    }

    /// Closes with a reset.
    public func reset() {
        if descriptor >= 0 { Socket.reset(descriptor) }
        descriptor = -1
    }

    private func readSome(limit: Int, until deadline: UInt64) throws(Failure) -> [UInt8]? {
        let wanted = min(limit, Scratch.capacity)
        while true {
            var result = Transfer.wouldBlock
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
                result = unsafe Socket.receive(descriptor, UnsafeMutableRawBufferPointer(buffer))
                if case .bytes(let count) = result { filled = count }
            }
            switch result {
            case .bytes: return bytes
            case .end: return nil
            case .failed(let code): throw Self.failure(code)
            case .wouldBlock: try Self.wait(descriptor, for: PollSet.readable, until: deadline)
            }
        }
    }

    private static func failure(_ code: Int32) -> Failure {
        code == ECONNRESET || code == EPIPE ? .reset : .system(code)
    }

    static func wait(_ descriptor: Int32, for events: Int16, until deadline: UInt64) throws(Failure) {
        var set = PollSet()
        let index = set.add(descriptor, events)
        while true {
            let now = MonotonicTime.now
            guard now < deadline else { throw .deadline }
            set.wait(milliseconds: Int32(min(1_000, 1 + (deadline - now) / MonotonicTime.nanosecondsPerMillisecond)))
            if set.isReadable(index) || set.isWritable(index) { return }
        }
    }
}
